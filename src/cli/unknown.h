#pragma once

#include "cli/command.h"

/* What to say of a word that names nothing: a usage error, with the name that is near to it. */
int unknown_syscall(const struct arguments *arguments, const char *word);
int unknown_operation(const struct arguments *arguments, const char *call, const char *word);
int unknown_command(const char *word);
