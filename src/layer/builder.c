#include "layer/builder.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static bool equals_ignoring_case(struct slice slice, const char *text)
{
	return slice.size_bytes == strlen(text) &&
	       strncasecmp((const char *)slice.bytes, text, slice.size_bytes) == 0;
}

bool layer_level_parse(struct slice text, enum layer_level *out_level)
{
	static const struct {
		const char *text;
		enum layer_level level;
	} spellings[] = {
		{ "full", LEVEL_FULL },
		{ "yes", LEVEL_FULL },
		{ "y", LEVEL_FULL },
		{ "true", LEVEL_FULL },
		{ "1", LEVEL_FULL },
		{ "implemented", LEVEL_FULL },
		{ "supported", LEVEL_FULL },
		{ "full support", LEVEL_FULL },
		{ "partial", LEVEL_PARTIAL },
		{ "partial support", LEVEL_PARTIAL },
		{ "fake", LEVEL_FAKE },
		{ "faked", LEVEL_FAKE },
		{ "dummy", LEVEL_DUMMY },
		{ "enosys", LEVEL_ENOSYS },
		{ "stub", LEVEL_ENOSYS },
		{ "stubbed", LEVEL_ENOSYS },
		{ "denied", LEVEL_DENIED },
		{ "absent", LEVEL_ABSENT },
		{ "no", LEVEL_ABSENT },
		{ "n", LEVEL_ABSENT },
		{ "false", LEVEL_ABSENT },
		{ "0", LEVEL_ABSENT },
		{ "unimplemented", LEVEL_ABSENT },
		{ "unsupported", LEVEL_ABSENT },
		{ "not implemented", LEVEL_ABSENT },
		{ "missing", LEVEL_ABSENT },
	};
	text = slice_trim(text);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		if (!equals_ignoring_case(text, spellings[i].text))
			continue;
		*out_level = spellings[i].level;
		return true;
	}
	return false;
}

struct slice layer_strip_comment(struct slice line)
{
	const uint8_t *hash =
	    line.size_bytes == 0 ? NULL : memchr(line.bytes, '#', line.size_bytes);
	if (hash != NULL)
		line.size_bytes = (size_t)(hash - line.bytes);
	return slice_trim(line);
}

static const char *name_of(const struct layer_builder *builder, uint32_t number, char *buffer)
{
	return syscall_name(builder->layer.arch, number, buffer);
}

void layer_builder_add_number(struct layer_builder *builder, uint64_t line, uint64_t number,
			      enum layer_level level, struct slice note)
{
	if (number >= SYSCALL_NUMBER_LIMIT ||
	    syscall_by_number(builder->layer.arch, (uint32_t)number) == NULL) {
		problem_add(builder->problems, builder->input, line,
			    "%s has no syscall number %" PRIu64, arch_name(builder->layer.arch),
			    number);
		return;
	}
	if (builder->calls[number].known) {
		char buffer[SYSCALL_NAME_BYTES];
		problem_add(builder->problems, builder->input, line,
			    "%s stands in line %" PRIu64 " already; that one counts",
			    name_of(builder, (uint32_t)number, buffer),
			    builder->calls[number].line);
		return;
	}
	builder->calls[number].known = true;
	builder->calls[number].line = line;
	builder->calls[number].level = level;
	if (note.size_bytes > LAYER_MAX_NOTE_BYTES)
		note.size_bytes = LAYER_MAX_NOTE_BYTES;
	if (note.size_bytes > 0)
		builder->calls[number].note = arena_slice(builder->arena, note);
	builder->call_count++;
}

void layer_builder_add(struct layer_builder *builder, uint64_t line, struct slice name,
		       enum layer_level level, struct slice note)
{
	uint32_t number;
	if (syscall_number_of(builder->layer.arch, name, &number)) {
		layer_builder_add_number(builder, line, number, level, note);
		return;
	}
	enum { SHOWN_BYTES = 60 };
	int shown = name.size_bytes > SHOWN_BYTES ? SHOWN_BYTES : (int)name.size_bytes;
	problem_add(builder->problems, builder->input, line, "'%.*s' is no %s syscall", shown,
		    (const char *)name.bytes, arch_name(builder->layer.arch));
}

static void set_arch(struct layer_builder *builder, uint64_t line, const char *text)
{
	int arch = arch_from_name(text);
	if (arch == ARCH_UNKNOWN)
		problem_add(builder->problems, builder->input, line,
			    "no architecture '%.60s'; taken for %s", text,
			    arch_name(builder->layer.arch));
	else
		builder->layer.arch = (enum arch)arch;
}

static void set_policy(struct layer_builder *builder, uint64_t line, const char *text)
{
	int policy = layer_policy_from_name(text);
	if (policy < 0)
		problem_add(builder->problems, builder->input, line,
			    "no policy '%.60s'; there are unknown, enosys, exit", text);
	else
		builder->layer.policy = (enum layer_policy)policy;
}

bool layer_builder_set(struct layer_builder *builder, uint64_t line, struct slice key,
		       struct slice value)
{
	struct layer *layer = &builder->layer;
	const struct {
		const char *key;
		const char **text;
		void (*set)(struct layer_builder *, uint64_t, const char *);
	} keys[] = {
		{ "name", &layer->name, NULL },
		{ "version", &layer->version, NULL },
		{ "arch", NULL, set_arch },
		{ "policy", NULL, set_policy },
		{ "source", &layer->source.title, NULL },
		{ "revision", &layer->source.version, NULL },
		{ "licence", &layer->source.licence, NULL },
		{ "url", &layer->source.url, NULL },
	};
	value = slice_trim(value);
	if (value.size_bytes > LAYER_MAX_NOTE_BYTES)
		value.size_bytes = LAYER_MAX_NOTE_BYTES;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!slice_equals_string(key, keys[i].key))
			continue;
		const char *text = arena_slice(builder->arena, value);
		if (keys[i].set != NULL)
			keys[i].set(builder, line, text);
		else
			*keys[i].text = text;
		return true;
	}
	return false;
}
