/* CSV with a heading whose words say what each column means; quotes as in RFC 4180. */
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
};

/* The next field with its quotes taken off; doubled quotes inside stay as they are. */
static bool next_field(struct slice *rest, struct slice *out_field)
{
	struct slice trimmed = slice_trim(*rest);
	if (rest->bytes == NULL || trimmed.size_bytes == 0 || trimmed.bytes[0] != '"')
		return slice_next_field(rest, ',', out_field);
	size_t at = 1;
	while (at < trimmed.size_bytes &&
	       (trimmed.bytes[at] != '"' ||
		(at + 1 < trimmed.size_bytes && trimmed.bytes[at + 1] == '"')))
		at += trimmed.bytes[at] == '"' ? 2 : 1;
	if (at >= trimmed.size_bytes)
		return slice_next_field(rest, ',', out_field);
	*out_field = (struct slice){ trimmed.bytes + 1, at - 1 };
	*rest = (struct slice){ trimmed.bytes + at, trimmed.size_bytes - at };
	struct slice after_quote;
	return slice_next_field(rest, ',', &after_quote);
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

static struct columns columns_of(struct slice line)
{
	struct columns columns = { { -1, -1, -1, -1 } };
	struct slice field;
	for (int i = 0; i < LAYER_MAX_COLUMNS && next_field(&line, &field); i++) {
		int meaning = meaning_of(field);
		if (meaning >= 0 && columns.of[meaning] < 0)
			columns.of[meaning] = i;
	}
	return columns;
}

bool layer_is_csv_heading(struct slice line)
{
	if (line.size_bytes == 0 || memchr(line.bytes, ',', line.size_bytes) == NULL)
		return false;
	struct columns columns = columns_of(line);
	return columns.of[MEANS_NAME] >= 0 || columns.of[MEANS_NUMBER] >= 0;
}

static void read_row(struct slice line, uint64_t line_number, const struct columns *columns,
		     struct layer_builder *builder)
{
	struct slice cells[MEANINGS] = { 0 };
	struct slice field;
	for (int i = 0; i < LAYER_MAX_COLUMNS && next_field(&line, &field); i++)
		for (int meaning = 0; meaning < MEANINGS; meaning++)
			if (columns->of[meaning] == i)
				cells[meaning] = slice_trim(field);

	enum layer_level level = LEVEL_FULL;
	if (columns->of[MEANS_LEVEL] >= 0 && !layer_level_parse(cells[MEANS_LEVEL], &level)) {
		problem_add(
		    builder->problems, builder->input, line_number, "no level '%.*s'",
		    cells[MEANS_LEVEL].size_bytes > 60 ? 60 : (int)cells[MEANS_LEVEL].size_bytes,
		    cells[MEANS_LEVEL].size_bytes == 0 ? ""
						       : (const char *)cells[MEANS_LEVEL].bytes);
		return;
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
}

enum status layer_read_csv(struct slice content, struct layer_builder *builder, struct error *err)
{
	struct slice line;
	struct columns columns;
	bool has_heading = false;
	for (uint64_t number = 1; slice_next_line(&content, &line); number++) {
		line = slice_trim(line);
		if (line.size_bytes == 0 || line.bytes[0] == '#')
			continue;
		if (has_heading) {
			read_row(line, number, &columns, builder);
		} else {
			columns = columns_of(line);
			has_heading = true;
		}
	}
	if (!has_heading)
		return error_set(err, STATUS_MALFORMED, 0, "no heading");
	return STATUS_OK;
}
