/* JSON through jansson, which checks syntax, UTF-8 and depth. */
#include <jansson.h>
#include <string.h>

#include "layer/builder.h"

/*
 * jansson keeps no lines. A name is looked for as a quoted string from where the one before was
 * found, which is right for every file whose names stand in the order of the walk.
 */
struct lines {
	struct slice rest;
	uint64_t line;
};

static uint64_t line_of(struct lines *lines, const char *name)
{
	size_t name_bytes = strlen(name);
	const uint8_t *at = lines->rest.bytes;
	const uint8_t *end = at + lines->rest.size_bytes;
	uint64_t line = lines->line;
	while ((size_t)(end - at) >= name_bytes + 2) {
		if (*at == '"' && at[name_bytes + 1] == '"' &&
		    memcmp(at + 1, name, name_bytes) == 0) {
			*lines = (struct lines){ { at, (size_t)(end - at) }, line };
			return line;
		}
		line += *at++ == '\n';
	}
	return lines->line;
}

static struct slice text_of(const json_t *value)
{
	if (!json_is_string(value))
		return (struct slice){ 0 };
	return (struct slice){ (const uint8_t *)json_string_value(value),
			       json_string_length(value) };
}

static bool level_of(const json_t *value, enum layer_level *out_level)
{
	if (value == NULL || json_is_true(value))
		*out_level = LEVEL_FULL;
	else if (json_is_false(value) || json_is_null(value))
		*out_level = LEVEL_ABSENT;
	else if (json_is_object(value))
		return level_of(json_object_get(value, "level"), out_level);
	else
		return layer_level_parse(text_of(value), out_level);
	return true;
}

static void add(struct layer_builder *builder, struct lines *lines, const char *name,
		const json_t *level_value, const json_t *note)
{
	uint64_t line = line_of(lines, name);
	enum layer_level level;
	if (level_of(level_value, &level))
		layer_builder_add(builder, line, slice_of_string(name), level, text_of(note));
	else
		problem_add(builder->problems, builder->input, line, "no level for '%.60s'", name);
}

static void read_array(json_t *array, struct layer_builder *builder, struct lines *lines)
{
	size_t index;
	json_t *value;
	json_array_foreach(array, index, value)
	{
		const json_t *name = value;
		if (json_is_object(value)) {
			name = json_object_get(value, "syscall");
			if (name == NULL)
				name = json_object_get(value, "name");
		}
		if (!json_is_string(name)) {
			problem_add(builder->problems, builder->input, lines->line,
				    "element %zu is no syscall", index);
			continue;
		}
		bool plain = json_is_string(value);
		add(builder, lines, json_string_value(name),
		    plain ? NULL : json_object_get(value, "level"),
		    plain ? NULL : json_object_get(value, "note"));
	}
}

static void read_object(json_t *object, struct layer_builder *builder, struct lines *lines)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	    add(builder, lines, name, value,
		json_is_object(value) ? json_object_get(value, "note") : NULL);
}

static void set_key(struct layer_builder *builder, const char *key, const json_t *value)
{
	if (json_is_string(value))
		(void)layer_builder_set(builder, 0, slice_of_string(key), text_of(value));
}

static void set_keys(json_t *object, struct layer_builder *builder)
{
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value) set_key(builder, key, value);
}

/* What "layer show" writes: the layer is an object of its own, and so is its source. */
static void set_shown_keys(json_t *layer, struct layer_builder *builder)
{
	const json_t *source = json_object_get(layer, "source");
	set_keys(layer, builder);
	set_key(builder, "source", json_object_get(source, "title"));
	set_key(builder, "revision", json_object_get(source, "version"));
	set_key(builder, "licence", json_object_get(source, "licence"));
	set_key(builder, "url", json_object_get(source, "url"));
}

/* The object around the calls: its strings are the layer's keys. */
static json_t *read_envelope(json_t *root, struct layer_builder *builder)
{
	json_t *calls = json_object_get(root, "syscalls");
	if (json_is_object(calls) || json_is_array(calls)) {
		set_keys(root, builder);
		return calls;
	}
	calls = json_object_get(root, "calls");
	json_t *layer = json_object_get(root, "layer");
	if (!json_is_array(calls) || !json_is_object(layer))
		return root;
	set_shown_keys(layer, builder);
	return calls;
}

enum status layer_read_json(struct slice content, struct layer_builder *builder, struct error *err)
{
	json_error_t problem;
	json_t *root = json_loadb((const char *)content.bytes, content.size_bytes,
				  JSON_REJECT_DUPLICATES, &problem);
	if (root == NULL)
		return error_set(err, STATUS_MALFORMED, (uint64_t)problem.position, "line %d: %s",
				 problem.line, problem.text);
	struct lines lines = { content, 1 };
	json_t *calls = json_is_object(root) ? read_envelope(root, builder) : root;
	if (json_is_array(calls))
		read_array(calls, builder, &lines);
	else
		read_object(calls, builder, &lines);
	json_decref(root);
	return STATUS_OK;
}
