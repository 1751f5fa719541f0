#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>

void problem_add(struct problem_list *list, const char *input, uint64_t line, const char *format,
		 ...)
{
	if (list->count++ >= PROBLEM_MAX_KEPT)
		return;
	char text[512];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	struct problem *problem = arena_alloc(list->arena, 1, sizeof(*problem));
	*problem = (struct problem){
		.input = arena_string(list->arena, input),
		.line = line,
		.text = arena_string(list->arena, text),
	};
	if (list->last == NULL)
		list->first = problem;
	else
		list->last->next = problem;
	list->last = problem;
}
