#include "../check.h"
#include "base/arena.h"

static void gives_zeroed_aligned_memory_of_any_size(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	for (size_t size_bytes = 1; size_bytes < 300000; size_bytes = size_bytes * 3 + 1) {
		unsigned char *bytes = arena_alloc(&arena, size_bytes, 1);
		assert_int_equal((uintptr_t)bytes % 16, 0);
		assert_int_equal(bytes[0], 0);
		assert_int_equal(bytes[size_bytes - 1], 0);
		bytes[size_bytes - 1] = 1;
	}
	arena_finish(&arena);
	arena_finish(&arena);
}

static void copies_text(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	assert_string_equal(arena_string(&arena, "abc"), "abc");
	assert_string_equal(arena_slice(&arena, (struct slice){ 0 }), "");
	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	arena_finish(&arena);
}

static void copies_arrays(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const int numbers[] = { 1, 2, 3 };
	const int *copy = arena_copy(&arena, numbers, 3, sizeof(int));
	assert_ptr_not_equal(copy, numbers);
	assert_memory_equal(copy, numbers, sizeof(numbers));
	assert_non_null(arena_copy(&arena, NULL, 0, sizeof(int)));
	arena_finish(&arena);
}

static void grows_lists(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	size_t *items = NULL;
	size_t capacity = 0;
	for (size_t count = 0; count < 100; count++) {
		if (count == capacity)
			items = arena_grow(&arena, items, count, sizeof(*items), &capacity);
		items[count] = count;
	}
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(items[i], i);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(gives_zeroed_aligned_memory_of_any_size), cmocka_unit_test(copies_text),
	  cmocka_unit_test(copies_arrays), cmocka_unit_test(grows_lists))
