#pragma once

#include <stdio.h>

#include "cli/command.h"

/* All of these are written from the command and option tables, so that no text stands twice. */
void help_print_overview(FILE *out);
void help_print_command(FILE *out, const struct command *command);
void help_print_man(FILE *out);        /* mdoc(7) source of sysgap(1) */
void help_print_completion(FILE *out); /* for bash */
