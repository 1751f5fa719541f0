#include "package/relation.h"

#include <string.h>

#include "base/slice.h"
#include "package/version.h"

static const char *const operators[] = { "", "<<", "<=", "=", ">=", ">>" };

static enum relation_operator find_operator(struct slice *text)
{
	size_t length = 0;
	while (length < text->size_bytes && strchr("<=>", text->bytes[length]) != NULL)
		length++;
	struct slice word = { text->bytes, length };
	text->bytes += length;
	text->size_bytes -= length;
	for (int i = RELATION_EARLIER; i <= RELATION_LATER; i++)
		if (slice_equals_string(word, operators[i]))
			return (enum relation_operator)i;
	/* obsolete spellings of <= and >= */
	if (slice_equals_string(word, "<"))
		return RELATION_EARLIER_EQUAL;
	return slice_equals_string(word, ">") ? RELATION_LATER_EQUAL : RELATION_ANY;
}

static struct slice up_to(struct slice text, const char *stops)
{
	size_t length = 0;
	while (length < text.size_bytes &&
	       (text.bytes[length] == '\0' || strchr(stops, text.bytes[length]) == NULL))
		length++;
	return (struct slice){ text.bytes, length };
}

static bool parse_one(struct slice text, struct arena *arena, struct relation *out_relation)
{
	text = slice_trim(text);
	struct slice name = up_to(text, ": \t\n([<");
	if (name.size_bytes == 0)
		return false;
	*out_relation = (struct relation){ .name = arena_slice(arena, name) };
	const uint8_t *open = memchr(text.bytes, '(', text.size_bytes);
	if (open == NULL)
		return true;
	size_t skipped = (size_t)(open + 1 - text.bytes);
	struct slice inside =
	    slice_trim(up_to((struct slice){ open + 1, text.size_bytes - skipped }, ")"));
	out_relation->operator_ = find_operator(&inside);
	if (out_relation->operator_ != RELATION_ANY)
		out_relation->version = arena_slice(arena, slice_trim(inside));
	return true;
}

const struct relation *relations_parse(const char *text, struct arena *arena, size_t *out_count)
{
	struct relation *relations = NULL;
	size_t count = 0;
	size_t capacity = 0;
	struct slice rest = text == NULL ? (struct slice){ 0 } : slice_of_string(text);
	struct slice group;
	while (slice_next_field(&rest, ',', &group)) {
		struct slice one;
		size_t before = count;
		while (count < RELATION_MAX_COUNT && slice_next_field(&group, '|', &one)) {
			if (count == capacity)
				relations = arena_grow(arena, relations, count, sizeof(*relations),
						       &capacity);
			count += parse_one(one, arena, &relations[count]);
		}
		if (count > before)
			relations[count - 1].last = true;
	}
	*out_count = count;
	return relations;
}

bool relation_allows(const struct relation *relation, const char *version)
{
	if (relation->operator_ == RELATION_ANY)
		return true;
	if (version == NULL) /* policy 7.5: an unversioned Provides meets no versioned relation */
		return false;
	int order = version_compare(version, relation->version);
	switch (relation->operator_) {
	case RELATION_EARLIER:
		return order < 0;
	case RELATION_EARLIER_EQUAL:
		return order <= 0;
	case RELATION_EQUAL:
		return order == 0;
	case RELATION_LATER_EQUAL:
		return order >= 0;
	case RELATION_LATER:
		return order > 0;
	case RELATION_ANY:
		break;
	}
	return true;
}
