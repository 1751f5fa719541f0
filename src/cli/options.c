/* Command lines -> struct arguments, by getopt_long(3) over the commands' option tables. */
#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"

const struct option_spec common_options[] = {
	{ 'f', "format", VALUE_CHOICE, "FORMAT", "text|md|json|html|tsv|names|svg",
	  "how to write the result (default: text)" },
	{ 'o', "output", VALUE_FILE, "FILE", NULL, "write the result to FILE" },
	{ 0, "db", VALUE_FILE, "FILE", NULL,
	  "the store of own facts (default: sysgap/sysgap.db in the XDG data home)" },
	{ 0, "arch", VALUE_CHOICE, "ARCH", "x86_64|aarch64|riscv64|i386",
	  "architecture (default: x86_64)" },
	{ 'j', "jobs", VALUE_NUMBER, "N", NULL, "parallel workers (default: one per core)" },
	{ 'q', "quiet", VALUE_NONE, NULL, NULL, "no warnings and no progress" },
	{ 'h', "help", VALUE_NONE, NULL, NULL, "print help and exit" },
	{ 0 },
};

/* A command may give a common option a meaning of its own, or more choices. */
static bool is_own(const struct command *command, const char *name)
{
	const struct option_spec *spec = command->options;
	while (spec != NULL && spec->name != NULL && strcmp(spec->name, name) != 0)
		spec++;
	return spec != NULL && spec->name != NULL;
}

const struct option_spec *option_at(const struct command *command, size_t index)
{
	size_t count = 0;
	if (command->options != NULL)
		for (; command->options[count].name != NULL; count++)
			if (count == index)
				return &command->options[count];
	for (const struct option_spec *common = common_options; common->name != NULL; common++)
		if (!is_own(command, common->name) && count++ == index)
			return common;
	return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
	struct slice rest = slice_of_string(choices);
	struct slice choice;
	while (slice_next_field(&rest, '|', &choice))
		if (slice_equals_string(choice, value))
			return true;
	return false;
}

static bool value_fits(const struct option_spec *spec, const char *value)
{
	uint64_t number;
	switch (spec->kind) {
	case VALUE_CHOICE:
		return is_choice(spec->choices, value);
	case VALUE_NUMBER:
		return slice_parse_uint(slice_of_string(value), 10, &number);
	case VALUE_NONE:
	case VALUE_TEXT:
	case VALUE_FILE:
	case VALUE_DIRECTORY:
	case VALUE_LAYER:
	case VALUE_SYSCALL:
	case VALUE_WORKLOAD:
	case VALUE_COMMAND:
		return true;
	}
	return true;
}

/* getopt's tables; `val` of a long option is its index + ARGUMENT_BASE, above every letter. */
enum { ARGUMENT_BASE = 256 };

static void make_tables(const struct command *command, struct option *longs, char *shorts)
{
	size_t count = 0;
	size_t at = 0;
	const struct option_spec *spec;
	for (; (spec = option_at(command, count)) != NULL; count++) {
		assert(count < OPTIONS_MAX_PER_COMMAND);
		bool takes = spec->kind != VALUE_NONE;
		longs[count] = (struct option){ spec->name, takes ? required_argument : no_argument,
						NULL, ARGUMENT_BASE + (int)count };
		if (spec->letter != 0) {
			shorts[at++] = spec->letter;
			if (takes)
				shorts[at++] = ':';
		}
	}
	longs[count] = (struct option){ 0 };
	shorts[at] = '\0';
}

/* The option behind a code that getopt returned, so there is always one. */
static const struct option_spec *spec_of(const struct command *command, int code)
{
	size_t index = 0;
	if (code >= ARGUMENT_BASE)
		index = (size_t)(code - ARGUMENT_BASE);
	else
		while (option_at(command, index)->letter != code)
			index++;
	return option_at(command, index);
}

static int check_operands(const struct arguments *arguments)
{
	const struct command *command = arguments->command;
	if (arguments->operand_count < command->min_operands)
		return usage_error(arguments, "needs %s", command->usage);
	if (arguments->operand_count > command->max_operands)
		return usage_error(arguments, "one operand too many: '%s'",
				   arguments->operands[command->max_operands]);
	return EXIT_DONE;
}

int options_parse(const struct command *command, int argc, char **argv, struct arena *arena,
		  struct arguments *out_arguments)
{
	struct option longs[OPTIONS_MAX_PER_COMMAND + 1];
	char shorts[2 * OPTIONS_MAX_PER_COMMAND + 1];
	make_tables(command, longs, shorts);
	struct option_value *values = arena_alloc(arena, (size_t)argc, sizeof(*values));
	*out_arguments = (struct arguments){ .command = command, .values = values };

	char *name = argv[0];
	argv[0] = arena_printf(arena, "sysgap %s", name); /* getopt prints it before its messages */
	optind = 0;
	int code;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (code == '?') {
			fprintf(stderr, "Try 'sysgap %s --help'.\n", name);
			return EXIT_USAGE;
		}
		const struct option_spec *spec = spec_of(command, code);
		if (strcmp(spec->name, "help") == 0)
			return -1;
		if (!value_fits(spec, optarg))
			return usage_error(out_arguments, "--%s: '%s' is not %s", spec->name,
					   optarg,
					   spec->choices == NULL ? "a number" : spec->choices);
		values[out_arguments->value_count++] = (struct option_value){ spec, optarg };
	}
	out_arguments->operands = (const char **)(argv + optind);
	out_arguments->operand_count = (size_t)(argc - optind);
	return check_operands(out_arguments);
}
