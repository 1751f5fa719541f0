#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum exit_code { EXIT_DONE = 0, EXIT_PROBLEM = 1, EXIT_USAGE = 2 };

/* What a word on the command line means; the shell completion offers values by it. */
enum value_kind {
	VALUE_NONE, /* a switch */
	VALUE_TEXT,
	VALUE_NUMBER,
	VALUE_FILE,
	VALUE_DIRECTORY,
	VALUE_LAYER,
	VALUE_SYSCALL,
	VALUE_WORKLOAD, /* one that can be explored, or its file */
	VALUE_COMMAND,
	VALUE_CHOICE, /* one of `choices` */
};

struct option_spec {
	char letter;      /* 0 when there is only the long form */
	const char *name; /* without the dashes */
	enum value_kind kind;
	const char *value;   /* its name in help, "FILE"; NULL for a switch */
	const char *choices; /* "text|md|json", only for VALUE_CHOICE */
	const char *help;    /* one line, no full stop */
};

/*
 * One option table and one parser serve every command, its help, the man page and the shell
 * completion. Parsed values are in the order of the command's tables.
 */
struct arguments;

/* One line to try, for --help and the man page. */
struct example {
	const char *line; /* without "sysgap" */
	const char *what; /* what it gives; one line, no full stop */
};

struct command {
	const char *name;
	const char *usage;   /* operands, "LAYER…" */
	const char *summary; /* one line, no full stop */
	/* Each line is one paragraph and is filled anew; empty lines part them. May be NULL. */
	const char *details;
	const struct example *examples; /* ends with a zeroed entry; may be NULL */
	const struct option_spec
	    *options;      /* ends with a zeroed entry; NULL: only the common ones */
	const char *verbs; /* "list|show": what the first operand may be; NULL: no such word */
	enum value_kind operand_kind; /* for completion */
	size_t min_operands;
	size_t max_operands;                           /* SIZE_MAX: any number */
	int (*run)(const struct arguments *arguments); /* returns an exit code */
};

extern const struct command *const commands[]; /* ends with NULL */

/* --db, --format, --arch, --quiet, --jobs, --help */
extern const struct option_spec common_options[];

struct arguments {
	const struct command *command;
	const char **operands; /* borrowed from argv */
	size_t operand_count;
	const struct option_value {
		const struct option_spec *spec;
		const char *value; /* NULL for a switch */
	} * values;                /* in the order given */
	size_t value_count;
};

/* The last value given for an option, or NULL; a switch yields "". */
const char *argument_value(const struct arguments *arguments, const char *option);
bool argument_given(const struct arguments *arguments, const char *option);

/* A usage problem found by a command itself; prints and returns EXIT_USAGE. */
int usage_error(const struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "sysgap: input: status at byte N: text" on stderr; returns EXIT_PROBLEM. */
int report_error(const char *input, const struct error *err);

/* Prints each as "sysgap: input:line: text" on stderr, unless --quiet. */
struct problem_list;
void report_problems(const struct problem_list *problems, const struct arguments *arguments);
