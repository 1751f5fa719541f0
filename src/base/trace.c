#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int trace_enabled(const char *folder)
{
	const char *list = getenv("SYSGAP_TRACE");
	if (list == NULL)
		return 0;
	if (strcmp(list, "all") == 0)
		return 1;
	size_t length = strlen(folder);
	for (const char *at = list; (at = strstr(at, folder)) != NULL; at += length) {
		int starts = at == list || at[-1] == ',';
		int ends = at[length] == '\0' || at[length] == ',';
		if (starts && ends)
			return 1;
	}
	return 0;
}

void trace_print(const char *folder, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s: ", folder);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
