#pragma once

#include "../check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "store/store.h"

/* A test's own folder, its state. */
struct folder {
	struct arena arena;
	const char *path;
	const char *db; /* a path in it; nothing is there */
	struct error err;
};

static inline int folder_set_up(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	char path[] = "/tmp/sysgap-test-XXXXXX";
	if (folder == NULL || mkdtemp(path) == NULL)
		return -1;
	folder->path = arena_string(&folder->arena, path);
	folder->db = arena_printf(&folder->arena, "%s/a%%b?c#.db", path);
	*state = folder;
	return 0;
}

static inline int folder_tear_down(void **state)
{
	struct folder *folder = *state;
	int failed = system(arena_printf(&folder->arena, "rm -rf -- '%s'", folder->path));
	arena_finish(&folder->arena);
	free(folder);
	return failed;
}

static inline struct store *folder_open(struct folder *folder, enum store_access access)
{
	struct store *store = NULL;
	if (store_open(folder->db, access, &store, &folder->err) != STATUS_OK)
		fail_msg("%s", folder->err.text);
	return store;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_set_up, folder_tear_down)
