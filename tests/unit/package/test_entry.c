#include "../check.h"

#include "package/entry.h"

static void check_path(const char *raw, const char *plain, bool stays)
{
	char path[ENTRY_MAX_PATH_BYTES];
	assert_int_equal(entry_plain_path(raw, path), plain != NULL);
	if (plain != NULL)
		assert_string_equal(path, plain);
	assert_int_equal(entry_path(raw, path), plain != NULL && stays);
	if (plain != NULL && stays)
		assert_string_equal(path, plain);
}

static void makes_paths_plain(void **state)
{
	(void)state;
	check_path("usr/bin/x", "/usr/bin/x", true);
	check_path("./usr//bin/./x/", "/usr/bin/x", true);
	check_path("/a/.../..b/c..", "/a/.../..b/c..", true);
	check_path("", NULL, false);
	check_path("./", NULL, false);
}

static void refuses_paths_that_go_up(void **state)
{
	(void)state;
	check_path("../etc/passwd", "/../etc/passwd", false);
	check_path("a/../../b", "/a/../../b", false);
	check_path("a/..", "/a/..", false);
}

static void refuses_paths_that_are_too_long(void **state)
{
	(void)state;
	char raw[ENTRY_MAX_PATH_BYTES + 2];
	memset(raw, 'x', sizeof(raw));
	raw[ENTRY_MAX_PATH_BYTES - 2] = '\0';
	char path[ENTRY_MAX_PATH_BYTES];
	assert_true(entry_path(raw, path));
	raw[ENTRY_MAX_PATH_BYTES - 2] = 'x';
	raw[ENTRY_MAX_PATH_BYTES - 1] = '\0';
	assert_false(entry_path(raw, path));
	assert_false(entry_plain_path(raw, path));
}

RUN_TESTS(cmocka_unit_test(makes_paths_plain), cmocka_unit_test(refuses_paths_that_go_up),
	  cmocka_unit_test(refuses_paths_that_are_too_long))
