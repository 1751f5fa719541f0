#include "cli/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/problem.h"

const char *argument_value(const struct arguments *arguments, const char *option)
{
	for (size_t i = arguments->value_count; i-- > 0;) {
		const struct option_value *value = &arguments->values[i];
		if (strcmp(value->spec->name, option) == 0)
			return value->value == NULL ? "" : value->value;
	}
	return NULL;
}

bool argument_given(const struct arguments *arguments, const char *option)
{
	return argument_value(arguments, option) != NULL;
}

int usage_error(const struct arguments *arguments, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "sysgap %s: ", arguments->command->name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nTry 'sysgap %s --help'.\n", arguments->command->name);
	va_end(args);
	return EXIT_USAGE;
}

int report_error(const char *input, const struct error *err)
{
	fprintf(stderr, "sysgap: %s: ", input);
	if (err->input_off != ERROR_NO_OFF)
		fprintf(stderr, "%s at byte %" PRIu64 ": ", status_name(err->status),
			err->input_off);
	fprintf(stderr, "%s\n", err->text);
	return EXIT_PROBLEM;
}

void report_problems(const struct problem_list *problems, const struct arguments *arguments)
{
	if (argument_given(arguments, "quiet"))
		return;
	for (const struct problem *problem = problems->first; problem != NULL;
	     problem = problem->next) {
		fprintf(stderr, "sysgap: %s:", problem->input);
		if (problem->line != 0)
			fprintf(stderr, "%" PRIu64 ":", problem->line);
		fprintf(stderr, " %s\n", problem->text);
	}
	if (problems->count > PROBLEM_MAX_KEPT)
		fprintf(stderr, "sysgap: and %zu more\n", problems->count - PROBLEM_MAX_KEPT);
}
