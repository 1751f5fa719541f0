#pragma once

#include "cli/command.h"
#include "scan/program.h"
#include "scan/system.h"

/* What commands that analyse a program have in common: --sysroot, --tier, and finding it. */
/* clang-format off */
#define SCANNING_OPTIONS                                                                          \
	{ 0, "tier", VALUE_CHOICE, "TIER", "exact|plugin|environment",                            \
	  "exact: only the program and the libraries that it names; plugin: also what they load "  \
	  "by configuration; environment (default): also what only environment variables such as " \
	  "LD_PROFILE ask for" },                                                                  \
	{ 0, "sysroot", VALUE_DIRECTORY, "DIR", NULL,                                             \
	  "find libraries and plug-ins below this folder" },                                      \
	{ 0, "from-main", VALUE_NONE, NULL, NULL,                                                 \
	  "leave out calls that are only made before main begins: for a filter that is installed " \
	  "there; when it is not known where that is, all calls stay" },                           \
	{ 0, "no-cache", VALUE_NONE, NULL, NULL,                                                  \
	  "neither use nor keep what is known of files from earlier runs" }
/* clang-format on */

/* Several programs scanned with the same files: each library is followed once. */
struct scanning {
	const struct arguments *arguments; /* borrowed */
	struct arena arena;
	struct problem_list problems;
	struct system_files *files; /* owned */
	bool phases;                /* are shown; else they are found for --from-main only */
};

void scanning_open(struct scanning *scanning, const struct arguments *arguments);
void scanning_close(struct scanning *scanning);

/*
 * Analyses a program by its path, or by its name in PATH. Prints what is wrong.
 * returns   EXIT_DONE; EXIT_PROBLEM: it cannot be analysed
 */
int scanning_program(struct scanning *scanning, const char *target, struct program *out_program);

/* The name of a use's syscall, in the arena or of static storage. */
const char *scanning_use_name(struct scanning *scanning, const struct use *use);

/* "libc.so.6:fopen64", "nginx:0x2e613": the step's function. */
const char *scanning_step_name(struct scanning *scanning, const struct step *step);
