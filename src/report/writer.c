/*
 * The calls of a command -> the calls of one backend. Checks the order of calls, which is a
 * matter of our own code and so of assert, and gathers what a backend wants to see whole: facts
 * in a row, the cells of a table.
 */
#include "report/writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "report/backend.h"

static const struct backend *const backends[FORMAT_COUNT] = {
	[FORMAT_TEXT] = &text_backend, [FORMAT_MD] = &markdown_backend,
	[FORMAT_JSON] = &json_backend, [FORMAT_HTML] = &html_backend,
	[FORMAT_TSV] = &tsv_backend,   [FORMAT_NAMES] = &names_backend,
	[FORMAT_SVG] = &svg_backend,
};

/* ---- memory ---- */

static void *allocate(void *old, size_t count, size_t object_bytes)
{
	void *memory = reallocarray(old, count, object_bytes);
	if (memory == NULL) {
		fputs("out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}

/* Room for one more of `count` objects. */
static void *make_room(void *objects, size_t count, size_t *capacity, size_t object_bytes)
{
	if (count < *capacity)
		return objects;
	*capacity = *capacity == 0 ? 64 : 2 * *capacity;
	return allocate(objects, *capacity, object_bytes);
}

/* ---- frames ---- */

static enum frame current_frame(const struct writer *writer)
{
	return writer->frames[writer->depth - 1];
}

static void flush_facts(struct writer *writer)
{
	if (writer->fact_count == 0)
		return;
	bool shown = writer->format == FORMAT_JSON;
	for (size_t i = 0; i < writer->fact_count; i++)
		shown |= writer->facts[i].title != NULL;
	if (shown && writer->backend->facts != NULL)
		writer->backend->facts(writer, writer->facts, writer->fact_count);
	writer->fact_count = 0;
	arena_finish(&writer->passing);
}

/* Before anything that belongs to a section or an item, and is not a fact. */
static void begin_part(struct writer *writer)
{
	assert(current_frame(writer) != FRAME_ARRAY && current_frame(writer) != FRAME_TABLE);
	flush_facts(writer);
}

static void push(struct writer *writer, enum frame frame)
{
	assert(writer->depth < WRITER_MAX_DEPTH);
	writer->headed[writer->depth] = false;
	writer->frames[writer->depth++] = frame;
}

static void open_frame(struct writer *writer, enum frame frame, const char *key, const char *title)
{
	push(writer, frame);
	if (writer->backend->open != NULL)
		writer->backend->open(writer, frame, key, title);
	writer->headed[writer->depth - 1] = title != NULL;
	writer->heading += title != NULL;
}

static void close_frame(struct writer *writer, enum frame frame)
{
	assert(current_frame(writer) == frame);
	flush_facts(writer);
	if (writer->backend->close != NULL)
		writer->backend->close(writer, frame);
	writer->heading -= writer->headed[writer->depth - 1];
	writer->depth--;
}

/* ---- the document ---- */

struct writer *writer_open(FILE *out, enum format format, const char *schema, int version,
			   const char *title)
{
	struct writer *writer = allocate(NULL, 1, sizeof(*writer));
	*writer = (struct writer){ .file = out, .format = format, .backend = backends[format] };
	push(writer, FRAME_DOCUMENT);
	writer->heading = 1;
	if (writer->backend->begin != NULL)
		writer->backend->begin(writer, &(struct document){ schema, version, title });
	return writer;
}

static int write_document(struct writer *writer)
{
	errno = 0;
	bool bad = writer->out.size_bytes > 0 &&
		   fwrite(writer->out.bytes, 1, writer->out.size_bytes, writer->file) !=
		       writer->out.size_bytes;
	bad |= fflush(writer->file) != 0 || ferror(writer->file);
	if (bad && errno == 0)
		errno = EIO;
	return bad ? -1 : 0;
}

int writer_close(struct writer *writer)
{
	assert(writer->depth == 1);
	flush_facts(writer);
	if (writer->backend->end != NULL)
		writer->backend->end(writer);
	int result = write_document(writer);
	int saved = errno;
	writer_discard(writer);
	errno = saved;
	return result;
}

void writer_discard(struct writer *writer)
{
	if (writer->backend->finish != NULL)
		writer->backend->finish(writer);
	buffer_finish(&writer->out);
	arena_finish(&writer->passing);
	free(writer->facts);
	free(writer->cells);
	free(writer);
}

enum format writer_format(const struct writer *writer)
{
	return writer->format;
}

bool writer_is_void(const struct writer *writer)
{
	switch (writer->format) {
	case FORMAT_TSV:
	case FORMAT_NAMES:
		return !writer->has_main;
	case FORMAT_SVG:
		return !writer->has_figure;
	case FORMAT_TEXT:
	case FORMAT_MD:
	case FORMAT_JSON:
	case FORMAT_HTML:
		return false;
	}
	return false;
}

/* ---- sections and arrays ---- */

void writer_section_begin(struct writer *writer, const char *key, const char *title)
{
	begin_part(writer);
	open_frame(writer, FRAME_SECTION, key, title);
}

void writer_section_end(struct writer *writer)
{
	close_frame(writer, FRAME_SECTION);
}

void writer_array_begin(struct writer *writer, const char *key, const char *title)
{
	begin_part(writer);
	open_frame(writer, FRAME_ARRAY, key, title);
}

void writer_array_item(struct writer *writer, const char *title)
{
	if (current_frame(writer) == FRAME_ITEM)
		close_frame(writer, FRAME_ITEM);
	assert(current_frame(writer) == FRAME_ARRAY);
	open_frame(writer, FRAME_ITEM, NULL, title);
}

void writer_array_end(struct writer *writer)
{
	if (current_frame(writer) == FRAME_ITEM)
		close_frame(writer, FRAME_ITEM);
	close_frame(writer, FRAME_ARRAY);
}

void writer_note(struct writer *writer, const char *key, const char *format, ...)
{
	begin_part(writer);
	struct buffer text = { 0 };
	va_list args;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	if (writer->backend->note != NULL)
		writer->backend->note(writer, key, buffer_string(&text));
	buffer_finish(&text);
}

/* ---- facts ---- */

static const char *keep(struct writer *writer, const char *string)
{
	return string == NULL ? NULL : arena_string(&writer->passing, string);
}

static struct cell list_cell(struct writer *writer, const char *const *names, size_t count,
			     size_t shown)
{
	const char **kept = arena_alloc(&writer->passing, count, sizeof(*kept));
	for (size_t i = 0; i < count; i++)
		kept[i] = keep(writer, names[i]);
	return (struct cell){ .kind = CELL_LIST, .list = { kept, count, shown } };
}

static struct cell text_cell(struct writer *writer, const char *value)
{
	if (value == NULL)
		return (struct cell){ .kind = CELL_NULL };
	return (struct cell){ .kind = CELL_TEXT, .text = keep(writer, value) };
}

static void add_fact(struct writer *writer, const char *key, const char *title, struct cell cell)
{
	assert(current_frame(writer) != FRAME_ARRAY && current_frame(writer) != FRAME_TABLE);
	assert(key != NULL || title != NULL);
	writer->facts = make_room(writer->facts, writer->fact_count, &writer->fact_capacity,
				  sizeof(*writer->facts));
	writer->facts[writer->fact_count++] =
	    (struct fact){ keep(writer, key), keep(writer, title), cell };
}

void writer_text(struct writer *writer, const char *key, const char *title, const char *value)
{
	add_fact(writer, key, title, text_cell(writer, value));
}

void writer_integer(struct writer *writer, const char *key, const char *title, int64_t value)
{
	add_fact(writer, key, title, (struct cell){ .kind = CELL_INTEGER, .integer = value });
}

void writer_bool(struct writer *writer, const char *key, const char *title, bool value)
{
	add_fact(writer, key, title, (struct cell){ .kind = CELL_BOOL, .truth = value });
}

void writer_share(struct writer *writer, const char *key, const char *title, uint64_t supported,
		  uint64_t of)
{
	add_fact(writer, key, title,
		 (struct cell){ .kind = CELL_SHARE, .share = { supported, of } });
}

void writer_real(struct writer *writer, const char *key, const char *title, double value,
		 int digits)
{
	add_fact(writer, key, title, (struct cell){ .kind = CELL_REAL, .real = { value, digits } });
}

void writer_names(struct writer *writer, const char *key, const char *title,
		  const char *const *names, size_t count)
{
	add_fact(writer, key, title, list_cell(writer, names, count, SIZE_MAX));
}

void writer_numbers(struct writer *writer, const char *key, const double *values, size_t count)
{
	begin_part(writer);
	if (writer->backend->numbers != NULL)
		writer->backend->numbers(writer, key, values, count);
}

/* ---- tables ---- */

void writer_table_begin(struct writer *writer, const char *key, const char *title,
			const struct column *columns, size_t column_count, bool main)
{
	begin_part(writer);
	assert(column_count > 0 && column_count <= WRITER_MAX_COLUMNS);
	assert(!main || !writer->has_main);
	writer->has_main |= main;
	push(writer, FRAME_TABLE);
	writer->table = (struct table){ .key = keep(writer, key),
					.title = keep(writer, title),
					.columns = columns,
					.column_count = column_count,
					.main = main };
	writer->cell_count = 0;
}

static void add_cell(struct writer *writer, struct cell cell)
{
	assert(current_frame(writer) == FRAME_TABLE);
	writer->cells = make_room(writer->cells, writer->cell_count, &writer->cell_capacity,
				  sizeof(*writer->cells));
	writer->cells[writer->cell_count++] = cell;
}

void writer_cell_text(struct writer *writer, const char *value)
{
	add_cell(writer, text_cell(writer, value));
}

void writer_cell_integer(struct writer *writer, int64_t value)
{
	add_cell(writer, (struct cell){ .kind = CELL_INTEGER, .integer = value });
}

void writer_cell_bool(struct writer *writer, bool value)
{
	add_cell(writer, (struct cell){ .kind = CELL_BOOL, .truth = value });
}

void writer_cell_real(struct writer *writer, double value, int digits)
{
	add_cell(writer, (struct cell){ .kind = CELL_REAL, .real = { value, digits } });
}

void writer_cell_share(struct writer *writer, uint64_t supported, uint64_t of)
{
	add_cell(writer, (struct cell){ .kind = CELL_SHARE, .share = { supported, of } });
}

void writer_cell_list(struct writer *writer, const char *const *names, size_t count)
{
	add_cell(writer, list_cell(writer, names, count, SIZE_MAX));
}

void writer_cell_list_cut(struct writer *writer, const char *const *names, size_t count,
			  size_t shown)
{
	add_cell(writer, list_cell(writer, names, count, shown));
}

static bool is_for_people(enum format format)
{
	return format == FORMAT_TEXT || format == FORMAT_MD || format == FORMAT_HTML;
}

/* People see the columns with a title, programs those with a key. */
static bool is_shown(const struct column *column, bool to_people)
{
	return (to_people ? column->title : column->key) != NULL;
}

static struct table shown_columns(struct arena *arena, const struct table *table, bool to_people)
{
	struct column *columns = arena_alloc(arena, table->column_count, sizeof(*columns));
	struct cell *cells =
	    arena_alloc(arena, table->row_count * table->column_count, sizeof(*cells));
	struct table shown = *table;
	shown.columns = columns;
	shown.cells = cells;
	shown.column_count = 0;
	for (size_t i = 0; i < table->column_count; i++)
		if (is_shown(&table->columns[i], to_people))
			columns[shown.column_count++] = table->columns[i];
	size_t count = 0;
	for (size_t i = 0; i < table->row_count * table->column_count; i++)
		if (is_shown(&table->columns[i % table->column_count], to_people))
			cells[count++] = table->cells[i];
	return shown;
}

void writer_table_end(struct writer *writer)
{
	struct table *table = &writer->table;
	assert(current_frame(writer) == FRAME_TABLE);
	assert(writer->cell_count % table->column_count == 0);
	table->cells = writer->cells;
	table->row_count = writer->cell_count / table->column_count;
	writer->depth--;
	*table = shown_columns(&writer->passing, table, is_for_people(writer->format));
	if (writer->backend->table != NULL)
		writer->backend->table(writer, table);
	arena_finish(&writer->passing);
}

void writer_figure(struct writer *writer, const char *key, const char *title, const char *path,
		   struct slice svg)
{
	begin_part(writer);
	assert(!writer->has_figure);
	writer->has_figure = true;
	struct fact fact = { key, title, text_cell(writer, path) };
	if (writer->backend->figure != NULL)
		writer->backend->figure(writer, &fact, svg);
	arena_finish(&writer->passing);
}
