#include "../check.h"
#include "base/cursor.h"

static void reads_little_endian(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor cursor;
	cursor_init(&cursor, bytes, sizeof(bytes));
	assert_int_equal(cursor_read_uint(&cursor, 2), 0x0201);
	assert_false(cursor.failed);
}

static void stays_failed_after_reading_past_the_end(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor cursor;
	cursor_init(&cursor, bytes, sizeof(bytes));
	assert_int_equal(cursor_read_uint(&cursor, 4), 0);
	assert_true(cursor.failed);
	assert_int_equal(cursor_read_uint(&cursor, 1), 0);
	cursor_seek(&cursor, 0);
	assert_true(cursor.failed);
}

static void refuses_to_seek_past_the_end(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor cursor;
	cursor_init(&cursor, bytes, sizeof(bytes));
	cursor_seek(&cursor, 3);
	assert_false(cursor.failed);
	cursor_seek(&cursor, UINT64_MAX);
	assert_true(cursor.failed);
}

RUN_TESTS(cmocka_unit_test(reads_little_endian),
	  cmocka_unit_test(stays_failed_after_reading_past_the_end),
	  cmocka_unit_test(refuses_to_seek_past_the_end))
