/* Plain lists and the shipped form: both are lines, and a list is a shipped file without levels. */
#include <string.h>

#include "layer/builder.h"

/* "key: value" with a key the builder knows; only before the first call. */
static bool read_key(struct slice line, uint64_t number, struct layer_builder *builder)
{
	const uint8_t *colon = memchr(line.bytes, ':', line.size_bytes);
	if (colon == NULL || builder->call_count > 0)
		return false;
	size_t key_bytes = (size_t)(colon - line.bytes);
	struct slice value = { colon + 1, line.size_bytes - key_bytes - 1 };
	return layer_builder_set(builder, number, (struct slice){ line.bytes, key_bytes }, value);
}

static struct slice cut_word(struct slice *rest)
{
	size_t size_bytes = 0;
	while (size_bytes < rest->size_bytes && rest->bytes[size_bytes] != ' ' &&
	       rest->bytes[size_bytes] != '\t')
		size_bytes++;
	struct slice word = { rest->bytes, size_bytes };
	*rest =
	    slice_trim((struct slice){ rest->bytes + size_bytes, rest->size_bytes - size_bytes });
	return word;
}

static void read_call(struct slice line, uint64_t number, struct layer_builder *builder)
{
	struct slice rest = line;
	struct slice word = cut_word(&rest);
	enum layer_level level;
	if (rest.size_bytes > 0 && layer_level_parse(word, &level)) {
		struct slice name = cut_word(&rest);
		layer_builder_add(builder, number, name, level, rest);
	} else {
		layer_builder_add(builder, number, line, LEVEL_FULL, (struct slice){ 0 });
	}
}

/* In the shipped form a note may hold "#"; a comment there is a whole line. */
static struct slice content_of(struct slice line)
{
	line = slice_trim(line);
	struct slice rest = line;
	struct slice word = cut_word(&rest);
	enum layer_level level;
	bool has_note = rest.size_bytes > 0 && layer_level_parse(word, &level);
	bool has_value = word.size_bytes > 1 && word.bytes[word.size_bytes - 1] == ':';
	return has_note || has_value ? line : layer_strip_comment(line);
}

enum status layer_read_lines(struct slice content, struct layer_builder *builder)
{
	struct slice line;
	for (uint64_t number = 1; slice_next_line(&content, &line); number++) {
		line = content_of(line);
		if (line.size_bytes > 0 && !read_key(line, number, builder))
			read_call(line, number, builder);
	}
	return STATUS_OK;
}
