#include "package/alternatives.h"

#include <string.h>

enum { LINE_MAX_WORDS = 256, MAX_ALTERNATIVES = 1024 };

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\\' || byte == '\n' || byte == '"' ||
	       byte == '\'';
}

/* A line with all that "\" at ends of lines joins to it. */
static bool next_joined_line(struct slice *rest, struct slice *out_line)
{
	size_t length = 0;
	if (rest->size_bytes == 0)
		return false;
	while (length < rest->size_bytes &&
	       (rest->bytes[length] != '\n' || (length > 0 && rest->bytes[length - 1] == '\\')))
		length++;
	*out_line = (struct slice){ rest->bytes, length };
	size_t used = length < rest->size_bytes ? length + 1 : length;
	*rest = (struct slice){ rest->bytes + used, rest->size_bytes - used };
	return true;
}

/* Words without quotes, which names of files need none of. */
static size_t split(struct slice line, struct slice words[LINE_MAX_WORDS])
{
	size_t count = 0;
	for (size_t i = 0; i < line.size_bytes && count < LINE_MAX_WORDS;) {
		size_t start = i;
		while (i < line.size_bytes && !is_blank(line.bytes[i]))
			i++;
		if (i > start)
			words[count++] = (struct slice){ line.bytes + start, i - start };
		else
			i++;
	}
	return count;
}

static bool is_plain_path(struct slice word)
{
	return word.size_bytes > 1 && word.bytes[0] == '/' &&
	       memchr(word.bytes, '$', word.size_bytes) == NULL &&
	       memchr(word.bytes, '`', word.size_bytes) == NULL;
}

const struct alternative *alternatives_parse(struct slice script, struct arena *arena,
					     size_t *out_count)
{
	struct slice words[LINE_MAX_WORDS];
	struct slice line;
	struct alternative *found = NULL;
	size_t count = 0;
	size_t capacity = 0;
	while (next_joined_line(&script, &line)) {
		size_t word_count = split(line, words);
		bool asked = false;
		for (size_t i = 0; i + 3 < word_count && count < MAX_ALTERNATIVES; i++) {
			asked = asked || slice_equals_string(words[i], "update-alternatives");
			bool link = slice_equals_string(words[i], "--install") ||
				    slice_equals_string(words[i], "--slave");
			if (!asked || !link || !is_plain_path(words[i + 1]) ||
			    !is_plain_path(words[i + 3]))
				continue;
			if (count == capacity)
				found = arena_grow(arena, found, count, sizeof(*found), &capacity);
			found[count++] = (struct alternative){ arena_slice(arena, words[i + 1]),
							       arena_slice(arena, words[i + 3]) };
		}
	}
	*out_count = count;
	return found;
}
