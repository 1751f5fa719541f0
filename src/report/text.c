/*
 * For terminals, and for pasting: no line of prose wider than the terminal or, elsewhere, than
 * WIDTH columns; columns aligned by the width of their letters; nothing but text. A part ends with
 * an empty line, a heading does not.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "report/backend.h"
#include "report/clean.h"

enum {
	WIDTH = 80,
	WIDTH_MIN = 60,    /* on a narrower terminal lines are broken by it */
	WIDTH_MAX = 100,   /* longer lines are hard to read */
	GAP = 2,           /* blanks between columns */
	FLEXIBLE_MIN = 16, /* a column of text is not made narrower */
	BELOW_INDENT = 4,  /* of a list below its row */
	BELOW_HANGING = 8, /* of its further lines */
	TITLE_MAX = 46,    /* a fact with a longer title is not aligned with the others */
};

static void append_repeated(struct buffer *out, const char *string, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_append_string(out, string);
}

static void append_text(struct buffer *out, const char *text)
{
	clean_append(out, slice_of_string(text));
}

static struct slice clean_copy(struct arena *arena, const char *text)
{
	struct buffer clean = { 0 };
	append_text(&clean, text);
	struct slice copy = slice_of_string(arena_slice(arena, buffer_slice(&clean)));
	buffer_finish(&clean);
	return copy;
}

static struct slice cell_copy(struct arena *arena, const struct cell *cell)
{
	struct buffer clean = { 0 };
	cell_append(&clean, cell);
	struct slice copy = slice_of_string(arena_slice(arena, buffer_slice(&clean)));
	buffer_finish(&clean);
	return copy;
}

/* ---- wrapping ---- */

static struct slice cut_word(struct slice *rest)
{
	struct slice word = { NULL, 0 };
	(void)slice_next_field(rest, ' ', &word);
	return word;
}

/* Where a long word may be broken: paths after a folder, "libc.so.6:printf" after the file. */
static bool is_break(uint8_t byte)
{
	return byte == '/' || byte == ':';
}

/* How much of a word fits, up to where it may be broken; 0: nothing. */
static size_t fitting_bytes(struct slice word, size_t width)
{
	size_t size_bytes = 0;
	for (size_t i = 0; i + 1 < word.size_bytes; i++)
		if (is_break(word.bytes[i]) &&
		    clean_width((struct slice){ word.bytes, i + 1 }) <= width)
			size_bytes = i + 1;
	return size_bytes;
}

/*
 * Cuts one line of at most `width` columns off *rest, at a blank. A longer word is a line of its
 * own, or of as many of its parts as fit.
 */
static struct slice cut_line(struct slice *rest, size_t width)
{
	struct slice line = { rest->bytes, 0 };
	struct slice first = *rest;
	struct slice word = cut_word(&first);
	size_t part_bytes = clean_width(word) > width ? fitting_bytes(word, width) : 0;
	if (part_bytes > 0) {
		*rest = (struct slice){ line.bytes + part_bytes, rest->size_bytes - part_bytes };
		return (struct slice){ line.bytes, part_bytes };
	}
	while (rest->bytes != NULL) {
		struct slice after = *rest;
		word = cut_word(&after);
		size_t end = (size_t)(word.bytes - line.bytes) + word.size_bytes;
		if (line.size_bytes > 0 && clean_width((struct slice){ line.bytes, end }) > width)
			break;
		line.size_bytes = end;
		*rest = after;
	}
	return line;
}

/* The lines of text, all but the first moved right by `indent`. */
static void append_wrapped(struct writer *writer, struct slice text, size_t indent)
{
	struct buffer *out = &writer->out;
	struct slice rest = text;
	while (rest.bytes != NULL) {
		struct slice line = cut_line(&rest, writer->width - indent);
		buffer_append(out, line.bytes, line.size_bytes);
		buffer_append_string(out, "\n");
		if (rest.bytes != NULL)
			append_repeated(out, " ", indent);
	}
}

/* The widest part of text that cut_line does not cut. */
static size_t longest_part(struct slice text)
{
	size_t longest = 0;
	while (text.bytes != NULL) {
		struct slice word = cut_word(&text);
		size_t start = 0;
		for (size_t i = 0; i < word.size_bytes; i++) {
			if (i + 1 < word.size_bytes && !is_break(word.bytes[i]))
				continue;
			size_t width =
			    clean_width((struct slice){ word.bytes + start, i + 1 - start });
			longest = width > longest ? width : longest;
			start = i + 1;
		}
	}
	return longest;
}

/* ---- headings, notes, facts ---- */

static void append_heading(struct buffer *out, int level, const char *title)
{
	if (title == NULL)
		return;
	size_t start = out->size_bytes;
	append_text(out, title);
	size_t width =
	    clean_width((struct slice){ (uint8_t *)out->bytes + start, out->size_bytes - start });
	buffer_append_string(out, "\n");
	append_repeated(out, level == 1 ? "=" : level == 2 ? "-" : "~", width);
	buffer_append_string(out, "\n");
}

/* What is piped or saved does not depend on who started it where. */
static size_t line_width(FILE *file)
{
	struct winsize size;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return WIDTH;
	return size.ws_col < WIDTH_MIN   ? WIDTH_MIN
	       : size.ws_col > WIDTH_MAX ? WIDTH_MAX
					 : size.ws_col;
}

static void text_begin(struct writer *writer, const struct document *document)
{
	writer->width = line_width(writer->file);
	append_heading(&writer->out, 1, document->title);
	buffer_append_string(&writer->out, "\n");
}

/* The last part's empty line is not wanted at the end. */
static void text_end(struct writer *writer)
{
	struct buffer *out = &writer->out;
	while (out->size_bytes > 1 && out->bytes[out->size_bytes - 2] == '\n')
		out->size_bytes--;
}

static void text_open(struct writer *writer, enum frame frame, const char *key, const char *title)
{
	(void)frame;
	(void)key;
	append_heading(&writer->out, writer->heading + 1, title);
}

static void text_note(struct writer *writer, const char *key, const char *text)
{
	(void)key;
	struct arena arena = { 0 };
	append_wrapped(writer, clean_copy(&arena, text), 0);
	buffer_append_string(&writer->out, "\n");
	arena_finish(&arena);
}

static size_t fact_title_width(const struct fact *facts, size_t count)
{
	struct arena arena = { 0 };
	size_t widest = 0;
	for (size_t i = 0; i < count; i++) {
		if (facts[i].title == NULL)
			continue;
		size_t width = clean_width(clean_copy(&arena, facts[i].title));
		if (width <= TITLE_MAX && width > widest)
			widest = width;
	}
	arena_finish(&arena);
	return widest;
}

static void append_fact(struct writer *writer, const struct fact *fact, size_t title_width)
{
	struct buffer *out = &writer->out;
	struct arena arena = { 0 };
	struct slice title = clean_copy(&arena, fact->title);
	size_t width = clean_width(title);
	buffer_append(out, title.bytes, title.size_bytes);
	append_repeated(out, " ", (width < title_width ? title_width - width : 0) + GAP);
	struct buffer value = { 0 };
	fact_append(&value, fact);
	append_wrapped(writer, buffer_slice(&value), title_width + GAP);
	buffer_finish(&value);
	arena_finish(&arena);
}

static void text_facts(struct writer *writer, const struct fact *facts, size_t count)
{
	size_t title_width = fact_title_width(facts, count);
	for (size_t i = 0; i < count; i++)
		if (facts[i].title != NULL)
			append_fact(writer, &facts[i], title_width);
	buffer_append_string(&writer->out, "\n");
}

/* ---- tables ---- */

/*
 * A table that is too wide even with its columns of text wrapped has its lists below each row:
 * then `below` says so, and they have no width.
 */
struct layout {
	const struct table *table;
	struct slice *texts; /* the header, then the rows */
	size_t width[WRITER_MAX_COLUMNS];
	size_t least[WRITER_MAX_COLUMNS]; /* below which a column cannot be wrapped */
	bool below[WRITER_MAX_COLUMNS];
};

static bool is_right_aligned(const struct column *column)
{
	return column->kind == COLUMN_NUMBER || column->kind == COLUMN_SHARE;
}

/* The header and then the rows, as clean text. */
static struct slice *copy_cells(struct arena *arena, const struct table *table)
{
	size_t columns = table->column_count;
	struct slice *texts = arena_alloc(arena, (table->row_count + 1) * columns, sizeof(*texts));
	for (size_t i = 0; i < columns; i++)
		texts[i] = clean_copy(arena, table->columns[i].title);
	for (size_t i = 0; i < table->row_count * columns; i++)
		texts[columns + i] =
		    table->cells[i].kind == CELL_NULL
			? slice_of_string(column_null_text(&table->columns[i % columns]))
			: cell_copy(arena, &table->cells[i]);
	return texts;
}

static void measure(struct layout *layout)
{
	size_t columns = layout->table->column_count;
	for (size_t i = 0; i < (layout->table->row_count + 1) * columns; i++) {
		size_t width = clean_width(layout->texts[i]);
		bool is_head = i < columns;
		size_t least = !is_head && is_right_aligned(&layout->table->columns[i % columns])
				   ? width
				   : longest_part(layout->texts[i]);
		if (width > layout->width[i % columns])
			layout->width[i % columns] = width;
		if (least > layout->least[i % columns])
			layout->least[i % columns] = least;
	}
}

static size_t total_width(const struct layout *layout)
{
	size_t total = 0;
	for (size_t i = 0; i < layout->table->column_count; i++)
		if (!layout->below[i])
			total += layout->width[i] + (total == 0 ? 0 : (size_t)GAP);
	return total;
}

static bool can_shrink(const struct layout *layout, size_t index)
{
	return !layout->below[index] && layout->width[index] > layout->least[index] &&
	       (layout->width[index] > FLEXIBLE_MIN ||
		is_right_aligned(&layout->table->columns[index]));
}

/* Takes from the widest column that can be wrapped until the table fits; false: none can. */
static bool squeeze(struct layout *layout, size_t width)
{
	size_t total = total_width(layout);
	for (; total > width; total--) {
		size_t widest = SIZE_MAX;
		for (size_t i = 0; i < layout->table->column_count; i++)
			if (can_shrink(layout, i) &&
			    (widest == SIZE_MAX || layout->width[i] > layout->width[widest]))
				widest = i;
		if (widest == SIZE_MAX)
			return false;
		layout->width[widest]--;
	}
	return true;
}

static void lay_out(struct layout *layout, size_t width)
{
	struct layout first = *layout;
	if (squeeze(layout, width))
		return;
	*layout = first;
	for (size_t i = 1; i < layout->table->column_count; i++)
		layout->below[i] = layout->table->columns[i].kind == COLUMN_LIST;
	(void)squeeze(layout, width); /* one that is still too wide stays so */
}

/* One line of a row: what is left of each cell gives its next line. */
static bool append_row_line(struct buffer *out, const struct layout *layout, struct slice *rests)
{
	bool more = false;
	size_t behind = 0; /* blanks owed before the next text, so that no line ends with one */
	for (size_t i = 0; i < layout->table->column_count; i++) {
		if (layout->below[i])
			continue;
		bool right = is_right_aligned(&layout->table->columns[i]);
		struct slice line = cut_line(&rests[i], layout->width[i]);
		size_t width = clean_width(line);
		size_t blank = width < layout->width[i] ? layout->width[i] - width : 0;
		behind += right ? blank : 0;
		if (line.size_bytes > 0) {
			append_repeated(out, " ", behind);
			buffer_append(out, line.bytes, line.size_bytes);
			behind = 0;
		}
		behind += (right ? 0 : blank) + GAP;
		more |= rests[i].bytes != NULL;
	}
	buffer_append_string(out, "\n");
	return more;
}

static void append_row(struct buffer *out, const struct layout *layout, const struct slice *texts)
{
	struct slice rests[WRITER_MAX_COLUMNS];
	memcpy(rests, texts, layout->table->column_count * sizeof(*rests));
	while (append_row_line(out, layout, rests))
		;
}

static void append_lists_below(struct writer *writer, const struct layout *layout,
			       const struct slice *texts)
{
	for (size_t i = 0; i < layout->table->column_count; i++) {
		if (!layout->below[i] || texts[i].size_bytes == 0)
			continue;
		append_repeated(&writer->out, " ", BELOW_INDENT);
		struct buffer line = { 0 };
		buffer_append(&line, layout->texts[i].bytes, layout->texts[i].size_bytes);
		buffer_append_string(&line, ": ");
		buffer_append(&line, texts[i].bytes, texts[i].size_bytes);
		append_wrapped(writer, buffer_slice(&line), BELOW_HANGING);
		buffer_finish(&line);
	}
}

static void append_rule(struct buffer *out, const struct layout *layout)
{
	for (size_t i = 0; i < layout->table->column_count; i++) {
		if (layout->below[i])
			continue;
		append_repeated(out, " ", i == 0 ? 0 : GAP);
		append_repeated(out, "-", layout->width[i]);
	}
	buffer_append_string(out, "\n");
}

static void append_table(struct writer *writer, const struct table *table)
{
	struct buffer *out = &writer->out;
	struct arena arena = { 0 };
	struct layout layout = { .table = table, .texts = copy_cells(&arena, table) };
	measure(&layout);
	lay_out(&layout, writer->width);
	append_row(out, &layout, layout.texts);
	append_rule(out, &layout);
	for (size_t i = 1; i <= table->row_count; i++) {
		const struct slice *texts = &layout.texts[i * table->column_count];
		append_row(out, &layout, texts);
		append_lists_below(writer, &layout, texts);
	}
	arena_finish(&arena);
}

static void text_table(struct writer *writer, const struct table *table)
{
	append_heading(&writer->out, writer->heading + 1, table->title);
	if (table->row_count == 0)
		buffer_append_string(&writer->out, "none\n");
	else
		append_table(writer, table);
	buffer_append_string(&writer->out, "\n");
}

static void text_figure(struct writer *writer, const struct fact *path, struct slice svg)
{
	(void)svg;
	if (path->cell.kind != CELL_NULL)
		text_facts(writer, path, 1);
}

const struct backend text_backend = {
	.begin = text_begin,
	.end = text_end,
	.open = text_open,
	.note = text_note,
	.facts = text_facts,
	.table = text_table,
	.figure = text_figure,
};
