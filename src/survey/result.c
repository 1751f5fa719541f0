#include "survey/result.h"

void result_encode(const struct program_result *result, struct buffer *out)
{
	record_put_text(out, result->failure);
	record_put_uint(out, result->unresolved_count, 4);
	record_put_uint(out, result->use_count, 4);
	for (size_t i = 0; i < result->use_count; i++) {
		const struct package_use *use = &result->uses[i];
		record_put_uint(out, use->api.kind, 1);
		record_put_uint(out, use->api.arch, 1);
		record_put_uint(out, use->api.number, 4);
		record_put_uint(out, use->api.value, 8);
		record_put_text(out, use->api.name);
		record_put_uint(out, use->certainty, 1);
		record_put_text(out, use->chain);
	}
	record_put_uint(out, result->question_count, 4);
	for (size_t i = 0; i < result->question_count; i++) {
		record_put_text(out, result->questions[i].path);
		record_put_text(out, result->questions[i].prefix);
		record_put_uint(out, result->questions[i].answer, 8);
	}
	record_put_uint(out, result->missing_count, 4);
	for (size_t i = 0; i < result->missing_count; i++)
		record_put_text(out, result->missing[i]);
}

static size_t read_count(struct cursor *cursor, size_t limit)
{
	uint64_t count = cursor_read_uint(cursor, 4);
	/* each item has a byte at least */
	if (count > limit || count > cursor->size_bytes - cursor->off)
		cursor->failed = true;
	return cursor->failed ? 0 : (size_t)count;
}

static void decode_use(struct cursor *cursor, struct arena *arena, struct package_use *use)
{
	uint64_t kind = cursor_read_uint(cursor, 1);
	uint64_t arch = cursor_read_uint(cursor, 1);
	use->api.number = (uint32_t)cursor_read_uint(cursor, 4);
	use->api.value = cursor_read_uint(cursor, 8);
	use->api.name = record_text(cursor, arena);
	uint64_t certainty = cursor_read_uint(cursor, 1);
	use->chain = record_text(cursor, arena);
	if (kind >= API_KIND_COUNT || arch >= ARCH_COUNT || certainty >= CERTAINTY_COUNT ||
	    use->api.name == NULL) {
		cursor->failed = true;
		return;
	}
	use->api.kind = (enum api_kind)kind;
	use->api.arch = (enum arch)arch;
	use->certainty = (enum certainty)certainty;
}

bool result_decode(struct slice bytes, struct arena *arena, struct program_result *out_result)
{
	struct cursor cursor;
	struct program_result result = { 0 };
	cursor_init(&cursor, bytes.bytes, bytes.size_bytes);
	result.failure = record_text(&cursor, arena);
	result.unresolved_count = (uint32_t)cursor_read_uint(&cursor, 4);
	result.use_count = read_count(&cursor, RESULT_MAX_USES);
	struct package_use *uses = arena_alloc(arena, result.use_count, sizeof(*uses));
	for (size_t i = 0; i < result.use_count && !cursor.failed; i++) {
		decode_use(&cursor, arena, &uses[i]);
		if (!cursor.failed && i > 0 && api_compare(&uses[i - 1].api, &uses[i].api) >= 0)
			cursor.failed = true;
	}
	result.uses = uses;
	result.question_count = read_count(&cursor, RESULT_MAX_FILES);
	struct question *questions = arena_alloc(arena, result.question_count, sizeof(*questions));
	for (size_t i = 0; i < result.question_count; i++) {
		questions[i].path = record_text(&cursor, arena);
		questions[i].prefix = record_text(&cursor, arena);
		questions[i].answer = cursor_read_uint(&cursor, 8);
		cursor.failed |= questions[i].path == NULL;
	}
	result.questions = questions;
	result.missing_count = read_count(&cursor, RESULT_MAX_FILES);
	const char **missing = arena_alloc(arena, result.missing_count, sizeof(*missing));
	for (size_t i = 0; i < result.missing_count; i++) {
		missing[i] = record_text(&cursor, arena);
		cursor.failed |= missing[i] == NULL;
	}
	result.missing = missing;
	if (cursor.failed || cursor.off != cursor.size_bytes)
		return false;
	*out_result = result;
	return true;
}
