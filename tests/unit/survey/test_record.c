#include "../check.h"

#include <string.h>

#include "survey/result.h"

static void put_all(struct buffer *out)
{
	const struct package package = { .name = "p", .version = "1", .depends = "q" };
	struct package_file program = { .kind = FILE_PROGRAM,
					.path = "/bin/p",
					.size_bytes = 7,
					.machine = 62,
					.word_bytes = 8,
					.pool_off = 4096 };
	const struct package_file link = { .kind = FILE_LINK, .path = "/bin/l", .text = "p" };
	memset(program.hash, 0xab, sizeof(program.hash));
	record_put_package(out, &package);
	record_put_file(out, &program);
	record_put_file(out, &link);
	record_put_package(out, &package);
	record_put_problem(out, "why");
}

static void comes_back_as_it_was(void **state)
{
	struct buffer out = { 0 };
	struct arena arena = { 0 };
	const struct read_package *packages;
	size_t count;
	(void)state;
	put_all(&out);
	assert_true(record_decode(buffer_slice(&out), &arena, &packages, &count));
	assert_int_equal(count, 2);
	assert_string_equal(packages[0].package.depends, "q");
	assert_null(packages[0].package.section);
	assert_int_equal(packages[0].file_count, 2);
	assert_int_equal(packages[0].files[0].hash[31], 0xab);
	assert_int_equal(packages[0].files[0].pool_off, 4096);
	assert_string_equal(packages[0].files[1].text, "p");
	assert_string_equal(packages[1].problem, "why");
	assert_int_equal(packages[1].file_count, 0);
	arena_finish(&arena);
	buffer_finish(&out);
}

static void refuses_every_cut_and_odd_bytes(void **state)
{
	struct buffer out = { 0 };
	const struct read_package *packages;
	size_t count;
	size_t accepted = 0;
	(void)state;
	put_all(&out);
	for (size_t size = 0; size < out.size_bytes; size++) {
		struct arena arena = { 0 };
		struct slice cut = { (const uint8_t *)out.bytes, size };
		accepted += record_decode(cut, &arena, &packages, &count);
		arena_finish(&arena);
	}
	assert_int_equal(accepted, 5); /* nothing, or whole items from the front */
	out.bytes[0] = 'x';
	struct arena arena = { 0 };
	assert_false(record_decode(buffer_slice(&out), &arena, &packages, &count));
	arena_finish(&arena);
	buffer_finish(&out);
}

static void keeps_results(void **state)
{
	const struct package_use uses[] = {
		{ { API_SYSCALL, ARCH_X86_64, 1, 0, "" }, CERTAINTY_EXACT, NULL, "a:b" },
		{ { API_FILE, ARCH_X86_64, 0, 0, "/proc" }, CERTAINTY_PLUGIN, NULL, NULL },
	};
	const struct question asked[] = { { "/lib/x", NULL, 77 }, { "/lib", "libnss_", 78 } };
	const char *const missing[] = { "liby.so" };
	const struct program_result result = { NULL, 3, uses, 2, asked, 2, missing, 1 };
	struct program_result back;
	struct buffer out = { 0 };
	struct arena arena = { 0 };
	(void)state;
	result_encode(&result, &out);
	assert_true(result_decode(buffer_slice(&out), &arena, &back));
	assert_int_equal(back.unresolved_count, 3);
	assert_int_equal(back.use_count, 2);
	assert_string_equal(back.uses[0].chain, "a:b");
	assert_string_equal(back.uses[1].api.name, "/proc");
	assert_int_equal(back.questions[0].answer, 77);
	assert_null(back.questions[0].prefix);
	assert_string_equal(back.questions[1].prefix, "libnss_");
	assert_string_equal(back.missing[0], "liby.so");
	for (size_t size = 0; size < out.size_bytes; size++) {
		struct slice cut = { (const uint8_t *)out.bytes, size };
		assert_false(result_decode(cut, &arena, &back));
	}
	arena_finish(&arena);
	buffer_finish(&out);
}

RUN_TESTS(cmocka_unit_test(comes_back_as_it_was), cmocka_unit_test(refuses_every_cut_and_odd_bytes),
	  cmocka_unit_test(keeps_results))
