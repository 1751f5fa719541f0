#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Things wrong with an input that cost only the part they are in: an unknown name in a list, a
 * row cut short. They are collected beside the result, and a command prints each on stderr as
 * "input:line: text". Errors that end a stage are `struct error`.
 */
struct problem {
	const char *input; /* path or title; in the list's arena */
	uint64_t line;     /* from 1; 0 when the input has no lines */
	const char *text;  /* in the list's arena */
	const struct problem *next;
};

enum { PROBLEM_MAX_KEPT = 1000 }; /* of one list; the rest is only counted */

struct problem_list {
	struct arena *arena;         /* borrowed; must outlive the list */
	const struct problem *first; /* in the order found */
	struct problem *last;
	size_t count; /* all found, also those past PROBLEM_MAX_KEPT */
};

void problem_add(struct problem_list *list, const char *input, uint64_t line, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));
