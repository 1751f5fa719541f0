/*
 * CSV: a heading's words say what each column means; quotes as in RFC 4180. What spreadsheets call
 * CSV may have semicolons or tabs between its fields; "layer show --format tsv" has tabs.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "layer/builder.h"

enum meaning { MEANS_NAME, MEANS_NUMBER, MEANS_LEVEL, MEANS_NOTE, MEANINGS };

static const struct {
	const char *heading;
	enum meaning meaning;
} headings[] = {
	{ "syscall", MEANS_NAME }, { "name", MEANS_NAME },       { "number", MEANS_NUMBER },
	{ "nr", MEANS_NUMBER },    { "level", MEANS_LEVEL },     { "support", MEANS_LEVEL },
	{ "status", MEANS_LEVEL }, { "supported", MEANS_LEVEL }, { "implemented", MEANS_LEVEL },
	{ "note", MEANS_NOTE },    { "notes", MEANS_NOTE },      { "comment", MEANS_NOTE },
};

struct columns {
	int of[MEANINGS]; /* -1: none */
	char separator;
};

/* The next field with its quotes taken off; doubled quotes inside stay as they are. */
static bool next_field(struct slice *rest, char separator, struct slice *out_field)
{
	struct slice trimmed = separator == '\t' ? *rest : slice_trim(*rest);
	if (rest->bytes == NULL || trimmed.size_bytes == 0 || trimmed.bytes[0] != '"')
		return slice_next_field(rest, separator, out_field);
	size_t at = 1;
	while (at < trimmed.size_bytes &&
	       (trimmed.bytes[at] != '"' ||
		(at + 1 < trimmed.size_bytes && trimmed.bytes[at + 1] == '"')))
		at += trimmed.bytes[at] == '"' ? 2 : 1;
	if (at >= trimmed.size_bytes)
		return slice_next_field(rest, separator, out_field);
	*out_field = (struct slice){ trimmed.bytes + 1, at - 1 };
	*rest = (struct slice){ trimmed.bytes + at, trimmed.size_bytes - at };
	struct slice after_quote;
	return slice_next_field(rest, separator, &after_quote);
}

static int meaning_of(struct slice field)
{
	field = slice_trim(field);
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
		if (field.size_bytes == strlen(headings[i].heading) &&
		    strncasecmp((const char *)field.bytes, headings[i].heading, field.size_bytes) ==
			0)
			return (int)headings[i].meaning;
	return -1;
}

static struct columns columns_of(struct slice line, char separator)
{
	struct columns columns = { { -1, -1, -1, -1 }, separator };
	struct slice field;
	for (int i = 0; i < LAYER_MAX_COLUMNS && next_field(&line, separator, &field); i++) {
		int meaning = meaning_of(field);
		if (meaning >= 0 && columns.of[meaning] < 0)
			columns.of[meaning] = i;
	}
	return columns;
}

static bool is_heading(const struct columns *columns)
{
	return columns->of[MEANS_NAME] >= 0 || columns->of[MEANS_NUMBER] >= 0;
}

/* "read,full": such a line says what the columns are, too. */
static bool is_call_with_level(struct slice line, char separator)
{
	struct slice name;
	struct slice text;
	enum layer_level level;
	return next_field(&line, separator, &name) && next_field(&line, separator, &text) &&
	       syscall_by_name(slice_trim(name)) != NULL && layer_level_parse(text, &level);
}

/* What the first line says of the columns; false when it is not one of a CSV. */
static bool find_columns(struct slice line, struct columns *out_columns, bool *out_has_heading)
{
	static const char separators[] = { '\t', ';', ',' };
	for (size_t i = 0; i < sizeof(separators); i++) {
		char separator = separators[i];
		if (line.size_bytes == 0 || memchr(line.bytes, separator, line.size_bytes) == NULL)
			continue;
		*out_columns = columns_of(line, separator);
		*out_has_heading = is_heading(out_columns);
		if (*out_has_heading)
			return true;
		*out_columns = (struct columns){ { 0, -1, 1, 2 }, separator };
		if (is_call_with_level(line, separator))
			return true;
	}
	return false;
}

bool layer_is_csv(struct slice line)
{
	struct columns columns;
	bool has_heading;
	return find_columns(line, &columns, &has_heading);
}

static void report_no_level(struct slice text, uint64_t line_number, struct layer_builder *builder)
{
	if (text.size_bytes == 0)
		problem_add(builder->problems, builder->input, line_number,
			    "a row without a level");
	else
		problem_add(builder->problems, builder->input, line_number, "no level '%.*s'",
			    text.size_bytes > 60 ? 60 : (int)text.size_bytes,
			    (const char *)text.bytes);
}

/* false: what stands in the place of the level is none, which is for the caller to report. */
static bool read_row(struct slice line, uint64_t line_number, const struct columns *columns,
		     struct layer_builder *builder, struct slice *out_no_level)
{
	struct slice cells[MEANINGS] = { 0 };
	struct slice field;
	for (int i = 0; i < LAYER_MAX_COLUMNS && next_field(&line, columns->separator, &field); i++)
		for (int meaning = 0; meaning < MEANINGS; meaning++)
			if (columns->of[meaning] == i)
				cells[meaning] = slice_trim(field);

	enum layer_level level = LEVEL_FULL;
	if (columns->of[MEANS_LEVEL] >= 0 && !layer_level_parse(cells[MEANS_LEVEL], &level)) {
		*out_no_level = cells[MEANS_LEVEL];
		return false;
	}
	uint64_t number;
	if (cells[MEANS_NAME].size_bytes > 0)
		layer_builder_add(builder, line_number, cells[MEANS_NAME], level,
				  cells[MEANS_NOTE]);
	else if (slice_parse_uint(cells[MEANS_NUMBER], 10, &number))
		layer_builder_add_number(builder, line_number, number, level, cells[MEANS_NOTE]);
	else
		problem_add(builder->problems, builder->input, line_number,
			    "a row without a syscall");
	return true;
}

enum status layer_read_csv(struct slice content, struct layer_builder *builder, struct error *err)
{
	const uint8_t *start = content.bytes;
	struct slice line;
	struct columns columns;
	bool is_first = true;
	for (uint64_t number = 1; slice_next_line(&content, &line); number++) {
		if (layer_strip_comment(line).size_bytes == 0)
			continue;
		bool is_heading = false;
		if (is_first && !find_columns(line, &columns, &is_heading))
			break;
		is_first = false;
		struct slice text;
		if (is_heading || read_row(line, number, &columns, builder, &text))
			continue;
		if (content.bytes == NULL)
			return error_set(err, STATUS_MALFORMED, (uint64_t)(line.bytes - start),
					 "line %" PRIu64 ": the file is cut short here", number);
		report_no_level(text, number, builder);
	}
	if (is_first)
		return error_set(err, STATUS_MALFORMED, 0, "no heading");
	return STATUS_OK;
}
