#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/unknown.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "cli/commands.def"
#undef COMMAND
	NULL,
};

static const struct command *find_command(const char *name)
{
	for (const struct command *const *command = commands; *command != NULL; command++)
		if (strcmp((*command)->name, name) == 0)
			return *command;
	return NULL;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct arena arena = { 0 };
	struct arguments arguments;
	int code = options_parse(command, argc, argv, &arena, &arguments);
	if (code == -1) {
		help_print_command(stdout, command);
		code = EXIT_DONE;
	} else if (code == EXIT_DONE) {
		code = command->run(&arguments);
	}
	arena_finish(&arena);
	return code;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		help_print_overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_print_overview(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sysgap " SYSGAP_VERSION);
		return EXIT_DONE;
	}
	const struct command *command = find_command(argv[1]);
	if (command == NULL)
		return unknown_command(argv[1]);
	return run_command(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = run(argc, argv);
	/* A command that failed has said so already. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE) {
		perror("sysgap: standard output");
		return EXIT_PROBLEM;
	}
	return code;
}
