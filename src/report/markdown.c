/* GitHub-flavoured Markdown, https://github.github.com/gfm/ (0.29): tables are its extension. */
#include <ctype.h>
#include <string.h>

#include "report/backend.h"
#include "report/clean.h"

/*
 * An underscore inside a word means nothing in that dialect, so the names of system calls stay
 * readable in the source; everything else that can mean something is escaped (2.4).
 */
static void append_escaped(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.size_bytes; i++) {
		char byte = (char)text.bytes[i];
		bool in_word = i > 0 && i + 1 < text.size_bytes && isalnum(text.bytes[i - 1]) &&
			       isalnum(text.bytes[i + 1]);
		if (strchr("\\`*[]<>|~", byte) != NULL || (byte == '_' && !in_word))
			buffer_append(out, "\\", 1);
		if (byte == '&')
			buffer_append_string(out, "&amp;");
		else
			buffer_append(out, &byte, 1);
	}
}

static void append_text(struct buffer *out, const char *text)
{
	struct buffer clean = { 0 };
	clean_append(&clean, slice_of_string(text));
	append_escaped(out, buffer_slice(&clean));
	buffer_finish(&clean);
}

static void append_cell(struct buffer *out, const struct cell *cell)
{
	struct buffer clean = { 0 };
	cell_append(&clean, cell);
	append_escaped(out, buffer_slice(&clean));
	buffer_finish(&clean);
}

static void append_heading(struct buffer *out, int level, const char *title)
{
	if (title == NULL)
		return;
	buffer_append_string(out, out->size_bytes == 0 ? "" : "\n");
	for (int i = 0; i < level && i < 6; i++)
		buffer_append_string(out, "#");
	buffer_append_string(out, " ");
	append_text(out, title);
	buffer_append_string(out, "\n");
}

static void markdown_begin(struct writer *writer, const struct document *document)
{
	append_heading(&writer->out, 1, document->title);
}

static void markdown_open(struct writer *writer, enum frame frame, const char *key,
			  const char *title)
{
	(void)frame;
	(void)key;
	append_heading(&writer->out, writer->heading + 1, title);
}

static void markdown_note(struct writer *writer, const char *key, const char *text)
{
	(void)key;
	buffer_append_string(&writer->out, "\n");
	/* at a line's start these would begin a heading, a list or a quotation */
	if (strchr("#+->", text[0]) != NULL)
		buffer_append_string(&writer->out, "\\");
	append_text(&writer->out, text);
	buffer_append_string(&writer->out, "\n");
}

static void markdown_facts(struct writer *writer, const struct fact *facts, size_t count)
{
	struct buffer *out = &writer->out;
	buffer_append_string(out, "\n");
	for (size_t i = 0; i < count; i++) {
		if (facts[i].title == NULL)
			continue;
		buffer_append_string(out, "- **");
		append_text(out, facts[i].title);
		buffer_append_string(out, ":** ");
		struct buffer clean = { 0 };
		fact_append(&clean, &facts[i]);
		append_escaped(out, buffer_slice(&clean));
		buffer_finish(&clean);
		buffer_append_string(out, "\n");
	}
}

static bool is_right_aligned(const struct column *column)
{
	return column->kind == COLUMN_NUMBER || column->kind == COLUMN_SHARE;
}

static void append_table_head(struct buffer *out, const struct table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_append_string(out, "| ");
		append_text(out, table->columns[i].title);
		buffer_append_string(out, " ");
	}
	buffer_append_string(out, "|\n");
	for (size_t i = 0; i < table->column_count; i++)
		buffer_append_string(out, is_right_aligned(&table->columns[i]) ? "|---:" : "|---");
	buffer_append_string(out, "|\n");
}

static void markdown_table(struct writer *writer, const struct table *table)
{
	struct buffer *out = &writer->out;
	append_heading(out, writer->heading + 1, table->title);
	if (table->row_count == 0) {
		buffer_append_string(out, "\nnone\n");
		return;
	}
	buffer_append_string(out, "\n");
	append_table_head(out, table);
	const struct cell *cell = table->cells;
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t j = 0; j < table->column_count; j++, cell++) {
			buffer_append_string(out, "| ");
			if (cell->kind == CELL_NULL)
				buffer_append_string(out, column_null_text(&table->columns[j]));
			else
				append_cell(out, cell);
			buffer_append_string(out, " ");
		}
		buffer_append_string(out, "|\n");
	}
}

static void markdown_figure(struct writer *writer, const struct fact *path, struct slice svg)
{
	(void)svg;
	if (path->cell.kind == CELL_NULL)
		return;
	struct buffer *out = &writer->out;
	buffer_append_string(out, "\n![");
	append_text(out, path->title);
	buffer_append_string(out, "](<");
	append_cell(out, &path->cell);
	buffer_append_string(out, ">)\n");
}

const struct backend markdown_backend = {
	.begin = markdown_begin,
	.open = markdown_open,
	.note = markdown_note,
	.facts = markdown_facts,
	.table = markdown_table,
	.figure = markdown_figure,
};
