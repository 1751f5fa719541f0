#include "cli/unknown.h"

#include <stdio.h>

#include "base/nearest.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"

int unknown_syscall(const struct arguments *arguments, const char *word)
{
	struct nearest nearest = nearest_start(word);
	for (size_t i = 0; i < syscall_count(); i++)
		nearest_try(&nearest, syscall_at(i)->name);
	char question[NEAREST_QUESTION_BYTES];
	return usage_error(arguments, "no syscall '%s'%s", word,
			   nearest_question(&nearest, question));
}

int unknown_operation(const struct arguments *arguments, const char *call, const char *word)
{
	struct nearest nearest = nearest_start(word);
	const char *set;
	for (size_t i = 0; i < operation_count(); i++)
		nearest_try(&nearest, operation_at(i, &set));
	char question[NEAREST_QUESTION_BYTES];
	return usage_error(arguments, "%s has no operation '%s'%s", call, word,
			   nearest_question(&nearest, question));
}

int unknown_command(const char *word)
{
	struct nearest nearest = nearest_start(word);
	for (const struct command *const *command = commands; *command != NULL; command++)
		nearest_try(&nearest, (*command)->name);
	char question[NEAREST_QUESTION_BYTES];
	fprintf(stderr, "sysgap: no command '%s'%s\nTry 'sysgap --help'.\n", word,
		nearest_question(&nearest, question));
	return EXIT_USAGE;
}
