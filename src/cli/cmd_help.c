#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/unknown.h"

static int run_help(const struct arguments *arguments)
{
	const char *what = arguments->operand_count == 0 ? "" : arguments->operands[0];
	if (strcmp(what, "man") == 0) {
		help_print_man(stdout);
		return EXIT_DONE;
	}
	if (strcmp(what, "completion") == 0) {
		help_print_completion(stdout);
		return EXIT_DONE;
	}
	for (const struct command *const *command = commands; *command != NULL; command++) {
		if (strcmp((*command)->name, what) != 0)
			continue;
		help_print_command(stdout, *command);
		return EXIT_DONE;
	}
	if (what[0] != '\0')
		return unknown_command(what);
	help_print_overview(stdout);
	return EXIT_DONE;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND|man|completion]",
	.summary = "print help, the manual page's source or the bash completion",
	.examples =
	    (const struct example[]){
		{ "help status", "explain one command" },
		{ "help man > sysgap.1", "write the manual page for man(1)" },
		{ "help completion > /etc/bash_completion.d/sysgap", "let bash complete words" },
		{ 0 },
	    },
	.operand_kind = VALUE_COMMAND,
	.max_operands = 1,
	.run = run_help,
};
