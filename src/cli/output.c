#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int output_problem(const char *path)
{
	fprintf(stderr, "sysgap: %s: cannot write: %s\n", path == NULL ? "standard output" : path,
		strerror(errno));
	return EXIT_PROBLEM;
}

enum format output_format(const struct arguments *arguments)
{
	const char *name = argument_value(arguments, "format");
	if (name != NULL)
		return (enum format)format_from_name(name);
	const char *path = argument_value(arguments, "output");
	const char *ending = path == NULL ? NULL : strrchr(path, '.');
	int format = ending == NULL ? FORMAT_UNKNOWN : format_from_name(ending + 1);
	return format == FORMAT_UNKNOWN ? FORMAT_TEXT : (enum format)format;
}

/* A device, a pipe or a symbolic link cannot be replaced by another file. */
static bool can_replace(const char *path)
{
	struct stat status;
	if (lstat(path, &status) != 0)
		return errno == ENOENT;
	return S_ISREG(status.st_mode);
}

static FILE *open_file(struct output *output)
{
	const char *path = output->path;
	if (can_replace(path)) {
		if (asprintf(&output->part_path, "%s.part", path) < 0)
			return NULL;
		path = output->part_path;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

int output_open_plain(const struct arguments *arguments, struct output *out_output)
{
	struct output output = { .arguments = arguments, .file = stdout };
	output.path = argument_value(arguments, "output");
	if (output.path != NULL && strcmp(output.path, "-") == 0)
		output.path = NULL;
	if (output.path != NULL) {
		output.file = open_file(&output);
		if (output.file == NULL) {
			free(output.part_path);
			return output_problem(output.path);
		}
	}
	*out_output = output;
	return EXIT_DONE;
}

int output_open(const struct arguments *arguments, const char *schema, int version,
		const char *title, struct output *out_output)
{
	int code = output_open_plain(arguments, out_output);
	if (code == EXIT_DONE)
		out_output->writer =
		    writer_open(out_output->file, output_format(arguments), schema, version, title);
	return code;
}

/* Also what is left of an output that is not wanted. */
static int close_file(struct output *output, int code)
{
	if (output->path != NULL && fclose(output->file) != 0 && code == EXIT_DONE)
		code = output_problem(output->path);
	if (output->part_path != NULL && code == EXIT_DONE &&
	    rename(output->part_path, output->path) != 0)
		code = output_problem(output->path);
	if (output->part_path != NULL && code != EXIT_DONE)
		(void)unlink(output->part_path);
	free(output->part_path);
	*output = (struct output){ 0 };
	return code;
}

int output_close(struct output *output)
{
	if (output->writer == NULL) {
		bool written = fflush(output->file) == 0 && ferror(output->file) == 0;
		return close_file(output, written ? EXIT_DONE : output_problem(output->path));
	}
	enum format format = writer_format(output->writer);
	if (writer_is_void(output->writer)) {
		(void)usage_error(output->arguments, "this result has no %s for --format %s",
				  format == FORMAT_SVG ? "figure" : "table", format_name(format));
		output_discard(output);
		return EXIT_USAGE;
	}
	int code = EXIT_DONE;
	if (writer_close(output->writer) != 0)
		code = output_problem(output->path);
	return close_file(output, code);
}

void output_discard(struct output *output)
{
	if (output->writer != NULL)
		writer_discard(output->writer);
	(void)close_file(output, EXIT_PROBLEM);
}
