#include "../check.h"

#include "layer/catalog.h"
#include "shipped/shipped.h"

static void reads_every_shipped_layer_without_a_problem(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	size_t count = 0;
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *file = shipped_at(i);
		if (strncmp(file->path, "layers/", 7) != 0)
			continue;
		struct layer layer;
		struct error err;
		if (layer_read(file->content, file->path, ARCH_X86_64, &problems, &layer, &err) !=
		    STATUS_OK)
			fail_msg("%s: %s", file->path, err.text);
		assert_non_null(layer.source.licence);
		assert_non_null(layer.source.version);
		assert_non_null(layer.version);
		count++;
	}
	if (problems.count > 0)
		fail_msg("%s:%u: %s", problems.first->input, (unsigned)problems.first->line,
			 problems.first->text);
	assert_int_equal(layer_catalog_load(&arena).layer_count, count);
	assert_true(count >= 24);
	arena_finish(&arena);
}

static struct layer load(struct arena *arena, const char *name, enum status expected,
			 struct error *err)
{
	struct problem_list problems = { .arena = arena };
	struct layer layer = { 0 };
	assert_int_equal(layer_load(name, ARCH_X86_64, NULL, &problems, &layer, err), expected);
	return layer;
}

static void knows_gramine_1_8_with_177_syscalls(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct error err;
	struct layer layer = load(&arena, "gramine-1.8", STATUS_OK, &err);
	size_t full = 0;
	for (size_t i = 0; i < layer.entry_count; i++)
		full += layer.entries[i].level == LEVEL_FULL;
	assert_int_equal(full, 177);
	assert_int_equal(layer_level_of(&layer, 0), LEVEL_FULL);
	assert_int_equal(layer_level_of(&layer, 25), LEVEL_ABSENT);
	arena_finish(&arena);
}

static void takes_the_newest_version_of_a_name_in_any_case(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct error err;
	assert_string_equal(load(&arena, "Gramine", STATUS_OK, &err).version, "1.8");
	assert_string_equal(load(&arena, "GVISOR", STATUS_OK, &err).version, "2026-08");
	/* a release, although "2023" is a larger number: that is a dated list */
	assert_string_equal(load(&arena, "unikraft", STATUS_OK, &err).version, "0.17");
	assert_string_equal(load(&arena, "freebsd", STATUS_OK, &err).version, "15");
	arena_finish(&arena);
}

static void suggests_a_near_name(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct error err;
	(void)load(&arena, "gramin-1.8", STATUS_NOT_FOUND, &err);
	assert_non_null(strstr(err.text, "gramine-1.8"));
	(void)load(&arena, "entirely-different", STATUS_NOT_FOUND, &err);
	assert_non_null(strstr(err.text, "layer list"));
	(void)load(&arena, "./no-such-file", STATUS_IO, &err);
	arena_finish(&arena);
}

static void prefers_the_callers_layers(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct error err;
	const struct layer own = { .name = "gramine", .version = "1.8", .arch = ARCH_X86_64 };
	struct layer layer;
	assert_int_equal(layer_load("gramine-1.8", ARCH_X86_64, &(struct layer_catalog){ &own, 1 },
				    &problems, &layer, &err),
			 STATUS_OK);
	assert_int_equal(layer.entry_count, 0);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(reads_every_shipped_layer_without_a_problem),
	  cmocka_unit_test(knows_gramine_1_8_with_177_syscalls),
	  cmocka_unit_test(takes_the_newest_version_of_a_name_in_any_case),
	  cmocka_unit_test(suggests_a_near_name), cmocka_unit_test(prefers_the_callers_layers))
