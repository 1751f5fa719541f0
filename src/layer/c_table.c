/*
 * Tables of function pointers as in Gramine's libos_table.c and its predecessors:
 * "[__NR_name] = (type)function," with 0 or NULL for what is absent. Not a C parser: it looks for
 * such entries and passes over everything else, comments included.
 */
#include <string.h>

#include "layer/builder.h"

static const char entry_mark[] = "[__NR_";

struct scanner {
	const uint8_t *at;
	const uint8_t *end;
	uint64_t line;
};

static bool starts_with(const struct scanner *scanner, const char *text)
{
	size_t size_bytes = strlen(text);
	return (size_t)(scanner->end - scanner->at) >= size_bytes &&
	       memcmp(scanner->at, text, size_bytes) == 0;
}

static void advance(struct scanner *scanner, size_t count)
{
	for (; count > 0 && scanner->at < scanner->end; count--)
		scanner->line += *scanner->at++ == '\n';
}

static bool is_word(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_';
}

static void skip_to(struct scanner *scanner, const char *end_mark)
{
	while (scanner->at < scanner->end && !starts_with(scanner, end_mark))
		advance(scanner, 1);
	advance(scanner, strlen(end_mark));
}

/* White space and comments, and a preprocessor line counts as nothing special. */
static void skip_space(struct scanner *scanner)
{
	while (scanner->at < scanner->end) {
		if (starts_with(scanner, "/*"))
			skip_to(scanner, "*/");
		else if (starts_with(scanner, "//"))
			skip_to(scanner, "\n");
		else if (*scanner->at == ' ' || (*scanner->at >= '\t' && *scanner->at <= '\r'))
			advance(scanner, 1);
		else
			return;
	}
}

static struct slice cut_word(struct scanner *scanner)
{
	const uint8_t *start = scanner->at;
	while (scanner->at < scanner->end && is_word(*scanner->at))
		scanner->at++;
	return (struct slice){ start, (size_t)(scanner->at - start) };
}

static bool cut_byte(struct scanner *scanner, char byte)
{
	skip_space(scanner);
	if (scanner->at == scanner->end || *scanner->at != (uint8_t)byte)
		return false;
	scanner->at++;
	return true;
}

/* A value with casts and parentheses before it: its last word. */
static struct slice cut_value(struct scanner *scanner)
{
	struct slice word = { 0 };
	while (scanner->at < scanner->end) {
		skip_space(scanner);
		if (scanner->at == scanner->end || *scanner->at == ',' || *scanner->at == '}' ||
		    *scanner->at == '[')
			break;
		if (is_word(*scanner->at))
			word = cut_word(scanner);
		else
			advance(scanner, 1);
	}
	return word;
}

static void read_entry(struct scanner *scanner, struct layer_builder *builder)
{
	uint64_t line = scanner->line;
	advance(scanner, sizeof(entry_mark) - 1);
	struct slice name = cut_word(scanner);
	if (!cut_byte(scanner, ']') || !cut_byte(scanner, '=')) {
		problem_add(builder->problems, builder->input, line, "no entry after '[__NR_'");
		return;
	}
	struct slice value = cut_value(scanner);
	if (value.size_bytes == 0) {
		problem_add(builder->problems, builder->input, line, "no value for '%.*s'",
			    name.size_bytes > 60 ? 60 : (int)name.size_bytes,
			    (const char *)name.bytes);
		return;
	}
	bool absent = slice_equals_string(value, "0") || slice_equals_string(value, "NULL");
	layer_builder_add(builder, line, name, absent ? LEVEL_ABSENT : LEVEL_FULL,
			  (struct slice){ 0 });
}

enum status layer_read_c_table(struct slice content, struct layer_builder *builder)
{
	struct scanner scanner = { content.bytes, content.bytes + content.size_bytes, 1 };
	while (skip_space(&scanner), scanner.at < scanner.end) {
		if (starts_with(&scanner, entry_mark))
			read_entry(&scanner, builder);
		else
			advance(&scanner, 1);
	}
	return STATUS_OK;
}
