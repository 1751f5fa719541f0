#include "../check.h"

#include <string.h>

#include "survey/compose.h"

static const struct package_file c_files[] = {
	{ .kind = FILE_LIBRARY, .path = "/lib/x86_64-linux-gnu/libc.so.6" },
	{ .kind = FILE_LINK, .path = "/lib64/ld.so", .text = "/lib/x86_64-linux-gnu/libc.so.6" },
};
static const struct package_file app_files[] = {
	{ .kind = FILE_PROGRAM, .path = "/usr/bin/app" },
	{ .kind = FILE_SAME_AS, .path = "/usr/bin/same", .text = "/usr/bin/app" },
	{ .kind = FILE_LINK, .path = "/usr/lib/dir", .text = "../bin" },
	{ .kind = FILE_LINK, .path = "/usr/bin/loop", .text = "loop" },
	{ .kind = FILE_SCRIPT, .path = "/usr/bin/script", .text = "/bin/tool" },
};
static const struct package_file tool_files[] = {
	{ .kind = FILE_SCRIPT, .path = "/usr/bin/tool", .text = "shell" },
};
static const struct package_file shell_files[] = {
	{ .kind = FILE_PROGRAM, .path = "/bin/shell" },
};

struct fixture {
	struct arena arena;
	struct model model;
	struct model_package packages[7];
};

static struct model_package make(const char *name, const char *version, const char *depends,
				 const struct package_file *files, size_t count)
{
	return (struct model_package){
		.read = { .package = { .name = name,
				       .version = version,
				       .arch = "amd64",
				       .depends = depends },
			  .files = files,
			  .file_count = count },
		.surveyed = strcmp(name, "app") == 0,
	};
}

static void make_model(struct fixture *fixture)
{
	struct model_package *packages = fixture->packages;
	*fixture = (struct fixture){ 0 };
	packages[0] = make("c", "1", NULL, c_files, 2);
	packages[1] = make("c", "2", NULL, c_files, 2);
	packages[2] = make("app", "1", "c (<< 2), gone | virtual (>= 3), never", app_files, 5);
	packages[3] = make("tool", "5", "c", tool_files, 1);
	packages[3].read.package.provides = "virtual (= 3)";
	packages[4] = make("shell", "1", NULL, shell_files, 1);
	packages[4].read.package.essential = true;
	packages[5] = make("old", "1", NULL, NULL, 0);
	packages[5].read.package.provides = "virtual (= 1)";
	packages[6] = make("other", "1", NULL, c_files, 1);
	model_make(&fixture->arena, packages, 7, &fixture->model);
}

static uint32_t find_package(const struct fixture *fixture, const char *name, const char *version)
{
	for (uint32_t i = 0; i < fixture->model.count; i++) {
		const struct package *package = &fixture->packages[i].read.package;
		if (strcmp(package->name, name) == 0 && strcmp(package->version, version) == 0)
			return i;
	}
	fail_msg("no %s %s", name, version);
	return 0;
}

static void closes_over_dependencies_by_version(void **state)
{
	struct fixture fixture;
	size_t count;
	(void)state;
	make_model(&fixture);
	uint32_t app = find_package(&fixture, "app", "1");
	const uint32_t expected[] = { app, find_package(&fixture, "c", "2"),
				      find_package(&fixture, "c", "1"),
				      find_package(&fixture, "shell", "1"),
				      find_package(&fixture, "tool", "5") };
	const uint32_t *closure = model_closure(&fixture.model, &fixture.arena, app, &count);
	/* app wants c before 2; tool takes the latest */
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(closure[i], expected[i]);
	assert_int_equal(fixture.packages[app].unmet_count, 1);
	assert_string_equal(fixture.packages[app].unmet[0], "never");
	arena_finish(&fixture.arena);
}

static void finds_files_through_links(void **state)
{
	static const struct {
		const char *path, *found;
	} cases[] = {
		{ "/usr/bin/app", "/usr/bin/app" },
		{ "/bin/app", "/usr/bin/app" },
		{ "/usr/bin/same", "/usr/bin/app" },
		{ "/usr/lib/dir/app", "/usr/bin/app" },
		{ "/usr/lib/dir/../bin/./app", "/usr/bin/app" },
		{ "/lib64/ld.so", "/lib/x86_64-linux-gnu/libc.so.6" },
		{ "/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6" },
		{ "/usr/bin/loop", NULL },
		{ "/usr/bin/none", NULL },
		{ "", NULL },
	};
	struct fixture fixture;
	(void)state;
	make_model(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file_at at = model_find(&fixture.model, cases[i].path, NULL, 0);
		if ((at.package == UINT32_MAX) != (cases[i].found == NULL))
			fail_msg("%s", cases[i].path);
		if (cases[i].found != NULL)
			assert_string_equal(model_file(&fixture.model, at)->path, cases[i].found);
	}
	arena_finish(&fixture.arena);
}

static void takes_files_only_from_the_closure(void **state)
{
	struct fixture fixture;
	(void)state;
	make_model(&fixture);
	uint32_t other = find_package(&fixture, "other", "1");
	struct file_at at =
	    model_find(&fixture.model, "/lib/x86_64-linux-gnu/libc.so.6", &other, 1);
	assert_int_equal(at.package, other);
	at = model_find(&fixture.model, "/usr/bin/app", &other, 1);
	assert_int_equal(at.package, UINT32_MAX);
	arena_finish(&fixture.arena);
}

static bool give_result(void *context, struct file_at program, struct arena *arena,
			struct program_result *out_result)
{
	static const struct package_use of_app[] = {
		{ .api = { API_SYSCALL, ARCH_X86_64, 1, 0, "" }, .certainty = CERTAINTY_PLUGIN },
		{ .api = { API_SYSCALL, ARCH_X86_64, 2, 0, "" } },
	};
	static const struct package_use of_shell[] = {
		{ .api = { API_SYSCALL, ARCH_X86_64, 1, 0, "" } },
	};
	const struct model *model = context;
	bool app = strcmp(model_file(model, program)->path, "/usr/bin/app") == 0;
	(void)arena;
	*out_result = (struct program_result){ .uses = app ? of_app : of_shell,
					       .use_count = app ? 2 : 1,
					       .unresolved_count = app };
	return true;
}

static void unites_programs_and_interpreters_of_interpreters(void **state)
{
	struct fixture fixture;
	struct package_facts facts;
	size_t count;
	(void)state;
	make_model(&fixture);
	const struct file_at *programs =
	    compose_programs(&fixture.model, &fixture.arena, NULL, &count);
	assert_int_equal(count, 2); /* app, and shell by way of tool */
	assert_string_equal(model_file(&fixture.model, programs[1])->path, "/bin/shell");
	const struct composing composing = { &fixture.model, NULL, give_result, &fixture.model };
	compose_package(&composing, find_package(&fixture, "app", "1"), &fixture.arena, &facts);
	assert_int_equal(facts.state, PACKAGE_PROGRAMS);
	assert_int_equal(facts.use_count, 2);
	assert_int_equal(facts.uses[0].certainty, CERTAINTY_EXACT); /* the better of the two */
	assert_string_equal(facts.uses[0].program, "/bin/shell");
	assert_string_equal(facts.uses[1].program, "/usr/bin/app");
	assert_int_equal(facts.unresolved_count, 1);
	assert_int_equal(facts.script_count, 1);
	arena_finish(&fixture.arena);
}

RUN_TESTS(cmocka_unit_test(closes_over_dependencies_by_version),
	  cmocka_unit_test(finds_files_through_links),
	  cmocka_unit_test(takes_files_only_from_the_closure),
	  cmocka_unit_test(unites_programs_and_interpreters_of_interpreters))
