#include "../check.h"
#include "report/clean.h"

static void expect_clean(const char *text, const char *expected)
{
	struct buffer buffer = { 0 };
	clean_append(&buffer, slice_of_string(text));
	assert_string_equal(buffer_string(&buffer), expected);
	buffer_finish(&buffer);
}

static void leaves_ordinary_text_alone(void **state)
{
	(void)state;
	expect_clean("", "");
	expect_clean("set_mempolicy <a|b> \"q\"", "set_mempolicy <a|b> \"q\"");
	expect_clean("größer 日本 👩‍💻", "größer 日本 👩‍💻");
}

static void spells_out_what_moves_a_terminal(void **state)
{
	(void)state;
	expect_clean("a\nb\tc\rd", "a\\nb\\tc\\x0dd");
	expect_clean("\x1b[2J\x7f", "\\x1b[2J\\x7f");
	expect_clean("\xc2\x9b"
		     "31m",
		     "\\x9b31m"); /* CSI as one character */
}

static void spells_out_what_turns_the_direction_of_writing(void **state)
{
	(void)state;
	expect_clean("a\u202etxt.exe", "a\\u202etxt.exe");
	expect_clean("\u2028\ufeff", "\\u2028\\ufeff");
}

static void replaces_each_byte_that_is_not_utf_8(void **state)
{
	(void)state;
	expect_clean("a\xff\xfe"
		     "b",
		     "a\ufffd\ufffdb");
	expect_clean("\xc0\xaf", "\ufffd\ufffd");                     /* overlong */
	expect_clean("\xed\xa0\x80", "\ufffd\ufffd\ufffd");           /* a surrogate */
	expect_clean("cut \xe6\x97", "cut \ufffd\ufffd");             /* cut short */
	expect_clean("\xf5\x80\x80\x80", "\ufffd\ufffd\ufffd\ufffd"); /* past U+10FFFF */
}

static void measures_columns_and_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(clean_width(slice_of_string("abc")), 3);
	assert_int_equal(clean_width(slice_of_string("größer")), 6);
	assert_int_equal(clean_width(slice_of_string("日本")), 4);
	assert_int_equal(clean_width(slice_of_string("e\u0301")), 1);
}

RUN_TESTS(cmocka_unit_test(leaves_ordinary_text_alone),
	  cmocka_unit_test(spells_out_what_moves_a_terminal),
	  cmocka_unit_test(spells_out_what_turns_the_direction_of_writing),
	  cmocka_unit_test(replaces_each_byte_that_is_not_utf_8),
	  cmocka_unit_test(measures_columns_and_not_bytes))
