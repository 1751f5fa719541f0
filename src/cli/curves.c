#include "cli/curves.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "metrics/importance.h"
#include "report/figure.h"

static double percent_of(const struct completeness *point)
{
	return point->of == 0 ? 0 : 100.0 * (double)point->supported / (double)point->of;
}

void curve_compute(struct facts *facts, const struct needs *needs, struct bitset supported,
		   struct curve *curve)
{
	size_t *order = arena_alloc(&facts->arena, curve->order_count, sizeof(*order));
	size_t count = 0;
	for (size_t i = 0; i < curve->order_count; i++)
		if (!bitset_has(supported, curve->order[i]))
			order[count++] = curve->order[i];
	struct completeness *points = arena_alloc(&facts->arena, count + 1, sizeof(*points));
	completeness_curve(needs, NULL, supported, order, count, points);
	curve->order = order;
	curve->order_count = count;
	curve->points = points;
}

void curve_compute_by_need(struct facts *facts, const struct needs *needs, struct bitset supported,
			   struct curve *curve)
{
	struct importance *importance =
	    arena_alloc(&facts->arena, needs->api_count, sizeof(*importance));
	size_t *order = arena_alloc(&facts->arena, needs->api_count, sizeof(*order));
	importance_of(needs, NULL, importance);
	curve->order_count = importance_order(importance, needs->api_count, supported, order);
	curve->order = order;
	curve_compute(facts, needs, supported, curve);
}

/* ---- in numbers ---- */

/* A row for each curve, so that many layers fit; only for people. */
static void describe_table(struct facts *facts, const struct curve *curves, size_t count,
			   const char *rows, struct writer *writer)
{
	static const size_t shown[] = { 0, 1, 5, 10, 15, 20, 30, 40, 60, 100 };
	enum { SHOWN = sizeof(shown) / sizeof(*shown) };
	struct column columns[SHOWN + 1] = { { NULL, rows, COLUMN_TEXT } };
	size_t last = 0;
	for (size_t i = 0; i < count; i++)
		last = curves[i].order_count > last ? curves[i].order_count : last;
	size_t column_count = 0;
	while (column_count < SHOWN && (column_count == 0 || shown[column_count - 1] < last)) {
		const char *title = arena_printf(&facts->arena, "+%zu", shown[column_count]);
		columns[++column_count] = (struct column){ NULL, title, COLUMN_NUMBER };
	}
	writer_table_begin(writer, NULL, NULL, columns, column_count + 1, false);
	for (size_t i = 0; i < count; i++) {
		writer_cell_text(writer, curves[i].title);
		for (size_t j = 0; j < column_count; j++) {
			size_t at =
			    shown[j] < curves[i].order_count ? shown[j] : curves[i].order_count;
			const struct completeness *point = &curves[i].points[at];
			writer_cell_real(writer, point->of == 0 ? NAN : percent_of(point), 1);
		}
	}
	writer_table_end(writer);
	writer_note(writer, NULL, "Percent of %zu workloads.",
		    count == 0 ? 0 : curves[0].points[0].of);
}

/* Only for JSON: every point with its call. */
static void describe_points(struct facts *facts, const struct curve *curve, struct writer *writer)
{
	double *percent = arena_alloc(&facts->arena, curve->order_count + 1, sizeof(*percent));
	const char **names = arena_alloc(&facts->arena, curve->order_count, sizeof(*names));
	for (size_t k = 0; k <= curve->order_count; k++)
		percent[k] = percent_of(&curve->points[k]);
	for (size_t k = 0; k < curve->order_count; k++)
		names[k] = facts_syscall_name(facts, (uint32_t)curve->order[k]);
	writer_text(writer, "name", NULL, curve->key);
	writer_text(writer, "title", NULL, curve->title);
	writer_names(writer, "order", NULL, names, curve->order_count);
	writer_numbers(writer, "percent", percent, curve->order_count + 1);
}

void curves_describe(struct facts *facts, const struct curve *curves, size_t count,
		     const char *rows, struct writer *writer)
{
	describe_table(facts, curves, count, rows, writer);
	writer_array_begin(writer, "curves", NULL);
	for (size_t i = 0; i < count; i++) {
		writer_array_item(writer, NULL);
		describe_points(facts, &curves[i], writer);
	}
	writer_array_end(writer);
}

/* ---- as a picture ---- */

static enum status draw(struct facts *facts, const struct curve *curves, size_t count,
			const char *title, struct buffer *svg, struct error *err)
{
	struct figure_series series[FIGURE_MAX_SERIES];
	if (count > FIGURE_MAX_SERIES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%zu curves are too many", count);
	for (size_t i = 0; i < count; i++) {
		double *percent =
		    arena_alloc(&facts->arena, curves[i].order_count + 1, sizeof(*percent));
		for (size_t k = 0; k <= curves[i].order_count; k++)
			percent[k] = percent_of(&curves[i].points[k]);
		series[i] =
		    (struct figure_series){ curves[i].title, percent, curves[i].order_count + 1 };
	}
	const struct figure figure = { title, "Syscalls implemented next",
				       "Workloads supported (%)", series, count };
	return figure_draw(&figure, svg, err);
}

static int write_file(const char *path, struct slice content)
{
	FILE *file = fopen(path, "we");
	bool failed = file == NULL;
	if (file != NULL) {
		failed = fwrite(content.bytes, 1, content.size_bytes, file) != content.size_bytes;
		failed |= fclose(file) != 0;
	}
	if (!failed)
		return EXIT_DONE;
	fprintf(stderr, "sysgap: %s: cannot write: %s\n", path, strerror(errno));
	return EXIT_PROBLEM;
}

/* A name of a layer may be a path; its picture lies in the folder all the same. */
static const char *file_name(struct arena *arena, const char *name)
{
	char *safe = arena_string(arena, name);
	for (char *letter = safe; *letter != '\0'; letter++)
		if (*letter == '/' || (unsigned char)*letter < ' ')
			*letter = '_';
	return safe;
}

int curves_draw(struct facts *facts, const struct curve *curves, size_t count, const char *name,
		const char *title, struct writer *writer)
{
	const char *directory = argument_value(facts->arguments, "figures");
	enum format format = writer_format(writer);
	if (directory == NULL && format != FORMAT_HTML && format != FORMAT_SVG)
		return EXIT_DONE;
	struct buffer svg = { 0 };
	struct error err;
	int code = EXIT_DONE;
	const char *path = NULL;
	enum status status = draw(facts, curves, count, title, &svg, &err);
	if (status != STATUS_OK) {
		(void)report_error("figure", &err);
		code = directory == NULL && format == FORMAT_HTML ? EXIT_DONE : EXIT_PROBLEM;
	} else if (directory != NULL) {
		(void)mkdir(directory, 0777); /* when this fails, the file cannot be opened */
		path = arena_printf(&facts->arena, "%s/%s.svg", directory,
				    file_name(&facts->arena, name));
		code = write_file(path, buffer_slice(&svg));
	}
	if (status == STATUS_OK && code == EXIT_DONE)
		writer_figure(writer, "figure", title, path, buffer_slice(&svg));
	buffer_finish(&svg);
	return code;
}
