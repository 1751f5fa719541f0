#pragma once

#include "cli/command.h"
#include "report/writer.h"

/*
 * Where a command's result goes, by --format and --output: standard output, or a file that
 * appears under its name only when it is whole. Without --format the ending of the file's name
 * decides (.md, .json, .html, .tsv), and else it is text.
 *
 *   struct output output;
 *   int code = output_open(arguments, "sysgap-users", 1, title, &output);
 *   if (code != EXIT_DONE)
 *           return code;
 *   … describe the result to output.writer …
 *   return output_close(&output);
 */
struct output {
	struct writer *writer;             /* NULL: plain */
	const struct arguments *arguments; /* borrowed */
	FILE *file;                        /* owned, unless stdout */
	const char *path;                  /* borrowed from arguments; NULL: stdout */
	char *part_path; /* owned; what is renamed to path, NULL: written in place */
};

/* The format that the options choose. */
enum format output_format(const struct arguments *arguments);

/* Opens the output early, so that a long command does not fail at its end. Prints errors. */
int output_open(const struct arguments *arguments, const char *schema, int version,
		const char *title, struct output *out_output);

/* The same without a writer, for results with a form of their own: write to output.file. */
int output_open_plain(const struct arguments *arguments, struct output *out_output);

/* Writes everything; EXIT_DONE or, after a message, EXIT_PROBLEM or EXIT_USAGE. */
int output_close(struct output *output);

/* Instead of output_close: nothing is written. */
void output_discard(struct output *output);
