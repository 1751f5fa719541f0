#pragma once

/*
 * Runs another program to its end. Prints errors, returns an exit code.
 *
 * folder   where it runs; NULL: here
 * words    its name and arguments, ending with NULL
 * output   descriptor that takes its standard output; -1: our standard error
 */
int spawn_run(const char *folder, char *const *words, int output);
