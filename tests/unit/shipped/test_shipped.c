#include "../check.h"

#include <stdio.h>

#include "base/file.h"
#include "shipped/shipped.h"

static void holds_the_bytes_of_each_file(void **state)
{
	(void)state;
	assert_true(shipped_count() > 0);
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *shipped = shipped_at(i);
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/%s", DATA_FOLDER, shipped->path);
		struct file_map map;
		struct error err;
		assert_int_equal(file_map_open(path, UINT32_MAX, &map, &err), STATUS_OK);
		assert_true(slice_equals(map.content, shipped->content));
		file_map_close(&map);
	}
}

static void is_sorted_and_finds_every_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < shipped_count(); i++) {
		assert_ptr_equal(shipped_find(shipped_at(i)->path), shipped_at(i));
		if (i > 0)
			assert_true(strcmp(shipped_at(i - 1)->path, shipped_at(i)->path) < 0);
	}
	assert_null(shipped_find("layers/no-such.layer"));
}

RUN_TESTS(cmocka_unit_test(holds_the_bytes_of_each_file),
	  cmocka_unit_test(is_sorted_and_finds_every_path))
