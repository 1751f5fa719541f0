#include "../check.h"

#include "base/names.h"

static void sorts_as_strcmp_does(void **state)
{
	(void)state;
	const char *names[] = { "b", "B", "", "ab", "a" };
	static const char *const expected[] = { "", "B", "a", "ab", "b" };
	names_sort(names, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(names[i], expected[i]);
	names_sort(NULL, 0);
}

static void cuts_the_own_name_off_a_path(void **state)
{
	(void)state;
	assert_string_equal(names_of_path("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(names_of_path("libc.so.6"), "libc.so.6");
	assert_string_equal(names_of_path("packages/"), "packages/");
	assert_string_equal(names_of_path(""), "");
}

RUN_TESTS(cmocka_unit_test(sorts_as_strcmp_does),
	  cmocka_unit_test(cuts_the_own_name_off_a_path))
