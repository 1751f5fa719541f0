#pragma once

/* The test's own file as an image. */
#include "../check.h"

#include "base/file.h"
#include "callgraph/image.h"

static struct {
	struct arena arena;
	struct file_map map;
	struct image image;
} self;

static int open_self(void **state)
{
	struct problem_list problems = { .arena = &self.arena };
	struct error err;
	(void)state;
	if (file_map_open("/proc/self/exe", UINT32_MAX, &self.map, &err) != STATUS_OK)
		return 1;
	struct image_source source = { .bytes = self.map.content, .input = "self" };
	return image_open(&source, &problems, &self.image, &err) == STATUS_OK ? 0 : 1;
}

static int close_self(void **state)
{
	(void)state;
	arena_finish(&self.arena);
	file_map_close(&self.map);
	return 0;
}
