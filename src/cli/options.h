#pragma once

#include "cli/command.h"

/* A bound on the words of one command line, far above what a shell passes on. */
enum { OPTIONS_MAX_PER_COMMAND = 48 };

/*
 * Parses the words after the command's name, GNU style: options and operands in any order, "--"
 * ends the options.
 *
 * argv        argv[0] is the command's name; permuted; borrowed as long as the result
 * out         its arrays live in the given arena
 * returns     EXIT_DONE; EXIT_USAGE after a message on stderr; -1: help was asked for
 */
struct arena;
int options_parse(const struct command *command, int argc, char **argv, struct arena *arena,
		  struct arguments *out_arguments);

/* The command's own options, then the common ones; NULL after the last. */
const struct option_spec *option_at(const struct command *command, size_t index);
