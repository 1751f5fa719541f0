#include "../check.h"
#include "base/slice.h"

static void cuts_lines_with_and_without_a_last_newline(void **state)
{
	(void)state;
	struct slice rest = slice_of_string("one\n\ntwo");
	struct slice line;
	assert_true(slice_next_line(&rest, &line));
	assert_true(slice_equals_string(line, "one"));
	assert_true(slice_next_line(&rest, &line));
	assert_int_equal(line.size_bytes, 0);
	assert_true(slice_next_line(&rest, &line));
	assert_true(slice_equals_string(line, "two"));
	assert_false(slice_next_line(&rest, &line));

	rest = slice_of_string("one\n");
	assert_true(slice_next_line(&rest, &line));
	assert_false(slice_next_line(&rest, &line));
}

static void keeps_the_empty_field_after_the_last_separator(void **state)
{
	(void)state;
	struct slice rest = slice_of_string("a,");
	struct slice field;
	assert_true(slice_next_field(&rest, ',', &field));
	assert_true(slice_equals_string(field, "a"));
	assert_true(slice_next_field(&rest, ',', &field));
	assert_int_equal(field.size_bytes, 0);
	assert_false(slice_next_field(&rest, ',', &field));
}

static void trims_both_ends(void **state)
{
	(void)state;
	assert_true(slice_equals_string(slice_trim(slice_of_string(" \ta b\r\n")), "a b"));
	assert_int_equal(slice_trim(slice_of_string("  ")).size_bytes, 0);
}

static void parses_only_whole_numbers_in_range(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_true(slice_parse_uint(slice_of_string("334"), 10, &value));
	assert_int_equal(value, 334);
	assert_true(slice_parse_uint(slice_of_string("fF"), 16, &value));
	assert_int_equal(value, 255);
	assert_false(slice_parse_uint(slice_of_string(""), 10, &value));
	assert_false(slice_parse_uint(slice_of_string("-1"), 10, &value));
	assert_false(slice_parse_uint(slice_of_string("1x"), 10, &value));
	assert_false(slice_parse_uint(slice_of_string("18446744073709551616"), 10, &value));
	assert_int_equal(value, 255);
}

RUN_TESTS(cmocka_unit_test(cuts_lines_with_and_without_a_last_newline),
	  cmocka_unit_test(keeps_the_empty_field_after_the_last_separator),
	  cmocka_unit_test(trims_both_ends), cmocka_unit_test(parses_only_whole_numbers_in_range))
