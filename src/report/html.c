/* One page that needs nothing else: style, script and pictures are inside. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/backend.h"
#include "report/clean.h"
#include "report/page.h"

/* For text and for attributes in double quotes. */
static void append_escaped(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.size_bytes; i++) {
		switch (text.bytes[i]) {
		case '&':
			buffer_append_string(out, "&amp;");
			break;
		case '<':
			buffer_append_string(out, "&lt;");
			break;
		case '>':
			buffer_append_string(out, "&gt;");
			break;
		case '"':
			buffer_append_string(out, "&quot;");
			break;
		case '\'':
			buffer_append_string(out, "&#39;");
			break;
		default:
			buffer_append(out, &text.bytes[i], 1);
		}
	}
}

static void append_text(struct buffer *out, const char *text)
{
	struct buffer clean = { 0 };
	clean_append(&clean, slice_of_string(text));
	append_escaped(out, buffer_slice(&clean));
	buffer_finish(&clean);
}

/* A value that is a web address and nothing else becomes a link. */
static bool is_address(const struct cell *cell)
{
	return cell->kind == CELL_TEXT && strncmp(cell->text, "https://", 8) == 0 &&
	       strpbrk(cell->text, " \t\n") == NULL;
}

static void append_value(struct buffer *out, const struct cell *cell, struct slice clean)
{
	if (is_address(cell)) {
		buffer_append_string(out, "<a href=\"");
		append_escaped(out, clean);
		buffer_append_string(out, "\">");
	}
	append_escaped(out, clean);
	if (is_address(cell))
		buffer_append_string(out, "</a>");
}

static void append_cell(struct buffer *out, const struct cell *cell)
{
	struct buffer clean = { 0 };
	cell_append(&clean, cell);
	append_value(out, cell, buffer_slice(&clean));
	buffer_finish(&clean);
}

static void append_heading(struct buffer *out, int level, const char *title)
{
	if (title == NULL)
		return;
	level = level > 6 ? 6 : level;
	buffer_printf(out, "<h%d>", level);
	append_text(out, title);
	buffer_printf(out, "</h%d>\n", level);
}

static void html_begin(struct writer *writer, const struct document *document)
{
	struct buffer *out = &writer->out;
	buffer_append_string(out, page_before_title);
	append_text(out, document->title);
	buffer_append_string(out, page_before_content);
	append_heading(out, 1, document->title);
}

static void html_end(struct writer *writer)
{
	buffer_append_string(&writer->out, page_after_content);
}

static void html_open(struct writer *writer, enum frame frame, const char *key, const char *title)
{
	(void)frame;
	struct buffer *out = &writer->out;
	/* keys are our own words, unique beside each other: at the top they make good anchors */
	if (key != NULL && writer->depth == 2)
		buffer_printf(out, "<section id=\"%s\">\n", key);
	else
		buffer_append_string(out, "<section>\n");
	append_heading(out, writer->heading + 1, title);
}

static void html_close(struct writer *writer, enum frame frame)
{
	(void)frame;
	buffer_append_string(&writer->out, "</section>\n");
}

static void html_note(struct writer *writer, const char *key, const char *text)
{
	(void)key;
	buffer_append_string(&writer->out, "<p>");
	append_text(&writer->out, text);
	buffer_append_string(&writer->out, "</p>\n");
}

static double share_percent(const struct cell *cell)
{
	return 100.0 * (double)cell->share.supported / (double)cell->share.of;
}

static void append_fact_value(struct buffer *out, const struct fact *fact)
{
	const struct cell *cell = &fact->cell;
	struct buffer clean = { 0 };
	fact_append(&clean, fact);
	append_value(out, cell, buffer_slice(&clean));
	buffer_finish(&clean);
	if (cell->kind == CELL_SHARE && cell->share.of > 0)
		buffer_printf(out, "<span class=\"bar\" style=\"--percent:%.3f%%\"></span>",
			      share_percent(cell));
}

static void html_facts(struct writer *writer, const struct fact *facts, size_t count)
{
	struct buffer *out = &writer->out;
	buffer_append_string(out, "<dl>\n");
	for (size_t i = 0; i < count; i++) {
		if (facts[i].title == NULL)
			continue;
		buffer_append_string(out, "<dt>");
		append_text(out, facts[i].title);
		buffer_append_string(out, "</dt><dd>");
		append_fact_value(out, &facts[i]);
		buffer_append_string(out, "</dd>\n");
	}
	buffer_append_string(out, "</dl>\n");
}

static const char *column_class(const struct column *column)
{
	if (column->kind == COLUMN_NUMBER)
		return " class=\"number\"";
	if (column->kind == COLUMN_SHARE)
		return " class=\"number share\"";
	return column->kind == COLUMN_LIST ? " class=\"list\"" : "";
}

/* Each name stays on one line. */
static void append_list(struct buffer *out, const struct cell *cell)
{
	for (size_t i = 0; i < cell->list.count && i < cell->list.shown; i++) {
		buffer_append_string(out, i == 0 ? "<span>" : ", <span>");
		append_text(out, cell->list.names[i]);
		buffer_append_string(out, "</span>");
	}
	if (cell->list.shown < cell->list.count)
		buffer_printf(out, " and %zu more", cell->list.count - cell->list.shown);
}

/*
 * A share and a list are sorted by their size, not by their letters. Where a row has no room to be
 * one, each cell stands below its title.
 */
static void append_table_cell(struct buffer *out, const struct column *column,
			      const struct cell *cell, bool has_lists)
{
	buffer_printf(out, "<td%s", column_class(column));
	if (has_lists) {
		buffer_append_string(out, " data-title=\"");
		append_text(out, column->title);
		buffer_append_string(out, "\"");
	}
	if (cell->kind == CELL_SHARE && cell->share.of > 0)
		buffer_printf(out, " data-value=\"%.6f\" style=\"--percent:%.3f%%\"",
			      share_percent(cell), share_percent(cell));
	if (cell->kind == CELL_LIST)
		buffer_printf(out, " data-value=\"%zu\"", cell->list.count);
	buffer_append_string(out, ">");
	if (cell->kind == CELL_NULL)
		buffer_append_string(out, column_null_text(column));
	else if (cell->kind == CELL_LIST)
		append_list(out, cell);
	else
		append_cell(out, cell);
	buffer_append_string(out, "</td>");
}

static bool has_lists(const struct table *table)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (table->columns[i].kind == COLUMN_LIST)
			return true;
	return false;
}

static void append_table_head(struct buffer *out, const struct table *table)
{
	buffer_printf(out, "<div class=\"wide\"><table%s>\n<thead><tr>",
		      has_lists(table) ? " class=\"lists\"" : "");
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_printf(out, "<th scope=\"col\"%s>", column_class(&table->columns[i]));
		append_text(out, table->columns[i].title);
		buffer_append_string(out, "</th>");
	}
	buffer_append_string(out, "</tr></thead>\n<tbody>\n");
}

static void html_table(struct writer *writer, const struct table *table)
{
	struct buffer *out = &writer->out;
	append_heading(out, writer->heading + 1, table->title);
	if (table->row_count == 0) {
		buffer_append_string(out, "<p class=\"none\">none</p>\n");
		return;
	}
	append_table_head(out, table);
	const struct cell *cell = table->cells;
	for (size_t i = 0; i < table->row_count; i++) {
		buffer_append_string(out, "<tr>");
		for (size_t j = 0; j < table->column_count; j++)
			append_table_cell(out, &table->columns[j], cell++, has_lists(table));
		buffer_append_string(out, "</tr>\n");
	}
	buffer_append_string(out, "</tbody>\n</table></div>\n");
}

/* ---- pictures ---- */

/* RFC 4648, 4 */
static void append_base64(struct buffer *out, struct slice bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes.size_bytes; i += 3) {
		size_t left = bytes.size_bytes - i;
		uint32_t group = (uint32_t)bytes.bytes[i] << 16;
		group |= left > 1 ? (uint32_t)bytes.bytes[i + 1] << 8 : 0;
		group |= left > 2 ? (uint32_t)bytes.bytes[i + 2] : 0;
		char four[4] = { digits[group >> 18], digits[group >> 12 & 63],
				 digits[group >> 6 & 63], digits[group & 63] };
		for (size_t j = left + 1; j < sizeof(four); j++)
			four[j] = '=';
		buffer_append(out, four, sizeof(four));
	}
}

/* As an image of its own, a drawing can neither run scripts nor change the page around it. */
static void html_figure(struct writer *writer, const struct fact *path, struct slice svg)
{
	struct buffer *out = &writer->out;
	buffer_append_string(out, "<figure><img alt=\"");
	append_text(out, path->title);
	buffer_append_string(out, "\" src=\"data:image/svg+xml;base64,");
	append_base64(out, svg);
	buffer_append_string(out, "\"></figure>\n"); /* the title is in the picture */
}

const struct backend html_backend = {
	.begin = html_begin,
	.end = html_end,
	.open = html_open,
	.close = html_close,
	.note = html_note,
	.facts = html_facts,
	.table = html_table,
	.figure = html_figure,
};
