#include "../check.h"
#include "base/buffer.h"

static void grows_and_stays_terminated(void **state)
{
	(void)state;
	struct buffer buffer = { 0 };
	assert_string_equal(buffer_string(&buffer), "");
	for (int i = 0; i < 1000; i++)
		buffer_printf(&buffer, "%03d", i);
	assert_int_equal(buffer.size_bytes, 3000);
	assert_int_equal(strlen(buffer_string(&buffer)), 3000);
	buffer_clear(&buffer);
	buffer_append_string(&buffer, "x");
	assert_string_equal(buffer_string(&buffer), "x");
	buffer_finish(&buffer);
	buffer_finish(&buffer);
}

RUN_TESTS(cmocka_unit_test(grows_and_stays_terminated))
