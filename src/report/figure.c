/*
 * The script goes to gnuplot as a file in memory and its picture comes back through a pipe, so
 * there is nothing to clean up and neither side can wait for the other.
 */
#include "report/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/clean.h"

extern char **environ;

/* ---- the script ---- */

/* In single quotes gnuplot knows no escapes and runs no commands; a quote is doubled. */
static void append_quoted(struct buffer *script, const char *text)
{
	struct buffer clean = { 0 };
	clean_append(&clean, slice_of_string(text));
	buffer_append_string(script, "'");
	for (size_t i = 0; i < clean.size_bytes; i++)
		buffer_append(script, clean.bytes[i] == '\'' ? "''" : &clean.bytes[i],
			      clean.bytes[i] == '\'' ? 2 : 1);
	buffer_append_string(script, "'");
	buffer_finish(&clean);
}

static void append_setting(struct buffer *script, const char *setting, const char *text)
{
	buffer_printf(script, "set %s ", setting);
	append_quoted(script, text);
	buffer_append_string(script, "\n");
}

static void append_data(struct buffer *script, const struct figure *figure)
{
	for (size_t i = 0; i < figure->series_count; i++) {
		buffer_printf(script, "$series%zu << EOD\n", i);
		for (size_t k = 0; k < figure->series[i].count; k++)
			buffer_printf(script, "%zu %.6f\n", k, figure->series[i].percent[k]);
		buffer_append_string(script, "EOD\n");
	}
}

/* Okabe and Ito's colours, which people with any colour vision tell apart. */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
				       "#e69f00", "#56b4e9", "#000000" };

/* Each curve, with a dot where it ends: there is nothing more to add in that order. */
static void append_plot(struct buffer *script, const struct figure *figure)
{
	size_t colour_count = sizeof(colours) / sizeof(*colours);
	for (size_t i = 0; i < figure->series_count; i++) {
		const char *colour = colours[i % colour_count];
		buffer_printf(script, "%s$series%zu using 1:2 with steps lw 2 dt %zu lc rgb '%s' ",
			      i == 0 ? "plot " : ", ", i, i / colour_count + 1, colour);
		buffer_append_string(script, "title ");
		append_quoted(script, figure->series[i].title);
		buffer_printf(script,
			      ", $series%zu every ::%zu using 1:2 with points pt 7 ps 0.5 "
			      "lc rgb '%s' notitle",
			      i, figure->series[i].count - 1, colour);
	}
	buffer_append_string(script, "\n");
}

/* Ticks of ten or twenty from below the lowest point: what is flat and high is seen, too. */
static void append_scale(struct buffer *script, const struct figure *figure)
{
	double lowest = 100;
	for (size_t i = 0; i < figure->series_count; i++)
		for (size_t k = 0; k < figure->series[i].count; k++)
			lowest = fmin(lowest, figure->series[i].percent[k]);
	int tick = lowest >= 50 ? 10 : 20;
	int bottom = (int)fmax(0, fmin(lowest, 90)) / tick * tick;
	buffer_printf(script, "set yrange [%d:%g]\nset ytics %d,%d,100\n", bottom,
		      100 + (100 - bottom) / 100.0, bottom, tick);
}

static void append_script(struct buffer *script, const struct figure *figure)
{
	buffer_append_string(script, "set encoding utf8\n"
				     "set terminal svg size 860,480 dynamic noenhanced "
				     "font 'sans-serif,14' background '#ffffff'\n"
				     "set grid back lc rgb '#dddddd' lw 1 dt 1\n"
				     "set border 3 lc rgb '#60676f'\n"
				     "set tics nomirror out\n"
				     "set key bottom right\n"
				     "set xrange [0:*]\n");
	append_scale(script, figure);
	append_setting(script, "title", figure->title);
	append_setting(script, "xlabel", figure->x_title);
	append_setting(script, "ylabel", figure->y_title);
	append_data(script, figure);
	append_plot(script, figure);
}

/* ---- the program ---- */

/* A file in memory with the content, to be read from its start; -1 with errno. */
static int memory_file(struct slice content)
{
	int fd = memfd_create("sysgap-figure", MFD_CLOEXEC);
	while (fd >= 0 && content.size_bytes > 0) {
		ssize_t count = write(fd, content.bytes, content.size_bytes);
		if (count < 0) {
			(void)close(fd);
			return -1;
		}
		content.bytes += count;
		content.size_bytes -= (size_t)count;
	}
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static int spawn_gnuplot(const int *child_fds, pid_t *out_pid)
{
	char program[] = "gnuplot";
	char defaults[] = "-d"; /* not the user's own settings */
	char *const argv[] = { program, defaults, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, child_fds[i], i);
	int result = posix_spawnp(out_pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

/* Everything up to the end, of which only the allowed part is kept; false: there was more. */
static bool read_all(int fd, struct buffer *out)
{
	char part[16384];
	bool fits = true;
	ssize_t count;
	while ((count = read(fd, part, sizeof(part))) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			break;
		fits &= out->size_bytes + (size_t)count <= FIGURE_MAX_BYTES;
		if (fits)
			buffer_append(out, part, (size_t)count);
	}
	return fits;
}

static int wait_for(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* fds: the script to read, the pipe's end to write, the file for messages */
static enum status run_gnuplot(const int *fds, int *pipe_ends, struct buffer *svg,
			       struct error *err)
{
	pid_t pid;
	int result = spawn_gnuplot(fds, &pid);
	(void)close(pipe_ends[1]);
	pipe_ends[1] = -1;
	if (result == ENOENT)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF,
				 "gnuplot is not installed (Debian package gnuplot-nox)");
	if (result != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "cannot start gnuplot: %s",
				 strerror(result));
	bool fits = read_all(pipe_ends[0], svg);
	int status = wait_for(pid);
	if (!fits)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
				 "gnuplot's picture is larger than %d bytes", FIGURE_MAX_BYTES);
	if (status == 0 && svg->size_bytes > 0)
		return STATUS_OK;
	char message[128] = "";
	ssize_t count = pread(fds[2], message, sizeof(message) - 1, 0);
	(void)count;
	return error_set(err, STATUS_IO, ERROR_NO_OFF, "gnuplot failed (wait status %d): %s",
			 status, message);
}

/* Leaves out the lines in which gnuplot names itself and its version. */
static void append_unsigned(struct buffer *out, struct slice svg)
{
	struct slice line;
	while (slice_next_line(&svg, &line)) {
		struct slice trimmed = slice_trim(line);
		if (trimmed.size_bytes >= 6 && (memcmp(trimmed.bytes, "<title", 6) == 0 ||
						memcmp(trimmed.bytes, "<desc>", 6) == 0))
			continue;
		buffer_append(out, line.bytes, line.size_bytes);
		buffer_append_string(out, "\n");
	}
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

enum status figure_draw(const struct figure *figure, struct buffer *out_svg, struct error *err)
{
	if (figure->series_count == 0 || figure->series_count > FIGURE_MAX_SERIES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "a figure of %zu curves",
				 figure->series_count);
	for (size_t i = 0; i < figure->series_count; i++)
		if (figure->series[i].count == 0 || figure->series[i].count > FIGURE_MAX_POINTS)
			return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "a curve of %zu points",
					 figure->series[i].count);

	struct buffer script = { 0 };
	struct buffer svg = { 0 };
	append_script(&script, figure);
	int pipe_ends[2] = { -1, -1 };
	int files[2] = { memory_file(buffer_slice(&script)),
			 memory_file((struct slice){ NULL, 0 }) };
	enum status status;
	if (files[0] < 0 || files[1] < 0 || pipe2(pipe_ends, O_CLOEXEC) != 0) {
		status = error_set(err, STATUS_IO, ERROR_NO_OFF, "gnuplot: %s", strerror(errno));
	} else {
		const int fds[3] = { files[0], pipe_ends[1], files[1] };
		status = run_gnuplot(fds, pipe_ends, &svg, err);
	}
	if (status == STATUS_OK)
		append_unsigned(out_svg, buffer_slice(&svg));
	close_all(files, 2);
	close_all(pipe_ends, 2);
	buffer_finish(&script);
	buffer_finish(&svg);
	return status;
}
