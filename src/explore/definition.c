/*
 * A workload file (YAML 1.1, by libyaml) -> struct definition. Every key is known: a misspelt one
 * is an error, not a silent default. Keys, kinds and places are one table.
 */
#include "explore/definition.h"

#include <inttypes.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum field_kind {
	FIELD_TEXT,
	FIELD_WORDS, /* a list; one text is split at blanks */
	FIELD_PAIRS, /* a map -> "NAME=value" */
	FIELD_REGEX,
	FIELD_BOOL,
	FIELD_INTEGER,
	FIELD_PORT,
	FIELD_SECONDS,
	FIELD_COUNT,
	FIELD_BYTES, /* with K, M or G behind it */
	FIELD_KIND,
	FIELD_SECTION,
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t off;                 /* in struct definition */
	const struct field *fields; /* of a section; ends with a zeroed entry */
};

#define PLACE(member) offsetof(struct definition, member)

static const struct field ready_fields[] = {
	{ "port", FIELD_PORT, PLACE(ready.port), NULL },
	{ "file", FIELD_TEXT, PLACE(ready.file), NULL },
	{ "line", FIELD_REGEX, PLACE(ready.line), NULL },
	{ 0 },
};

static const struct field success_fields[] = {
	{ "exit", FIELD_INTEGER, PLACE(success.exit), NULL },
	{ "output", FIELD_REGEX, PLACE(success.output), NULL },
	{ "same-output", FIELD_BOOL, PLACE(success.same_output), NULL },
	{ 0 },
};

static const struct field metric_fields[] = {
	{ "name", FIELD_TEXT, PLACE(metric.name), NULL },
	{ "pattern", FIELD_REGEX, PLACE(metric.pattern), NULL },
	{ "lower-is-better", FIELD_BOOL, PLACE(metric.lower_is_better), NULL },
	{ 0 },
};

static const struct field fields[] = {
	{ "application", FIELD_TEXT, PLACE(application), NULL },
	{ "name", FIELD_TEXT, PLACE(name), NULL },
	{ "kind", FIELD_KIND, PLACE(kind), NULL },
	{ "packages", FIELD_WORDS, PLACE(packages), NULL },
	{ "root", FIELD_BOOL, PLACE(needs_root), NULL },
	{ "user", FIELD_TEXT, PLACE(user), NULL },
	{ "environment", FIELD_PAIRS, PLACE(environment), NULL },
	{ "directory", FIELD_TEXT, PLACE(directory), NULL },
	{ "prepare", FIELD_TEXT, PLACE(prepare), NULL },
	{ "command", FIELD_WORDS, PLACE(command), NULL },
	{ "input", FIELD_TEXT, PLACE(input), NULL },
	{ "ready", FIELD_SECTION, 0, ready_fields },
	{ "test", FIELD_TEXT, PLACE(test), NULL },
	{ "check", FIELD_TEXT, PLACE(check), NULL },
	{ "success", FIELD_SECTION, 0, success_fields },
	{ "limit", FIELD_SECONDS, PLACE(limit_seconds), NULL },
	{ "replicas", FIELD_COUNT, PLACE(replicas), NULL },
	{ "disk", FIELD_BYTES, PLACE(disk_bytes), NULL },
	{ "metric", FIELD_SECTION, 0, metric_fields },
	{ 0 },
};

struct parse {
	yaml_document_t document;
	struct arena *arena;
	struct definition *definition;
	struct error *err;
};

static enum status wrong(const struct parse *parse, const yaml_node_t *node, const char *name,
			 const char *what)
{
	return error_set(parse->err, STATUS_MALFORMED, ERROR_NO_OFF, "line %zu: %s: %s",
			 node->start_mark.line + 1, name, what);
}

static const char *text_of(const struct parse *parse, const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE ||
	    memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL)
		return NULL;
	return arena_slice(parse->arena,
			   (struct slice){ node->data.scalar.value, node->data.scalar.length });
}

static bool parse_number(const char *text, double *out_value, const char **out_rest)
{
	char *end;
	*out_value = strtod(text, &end);
	*out_rest = end;
	return end != text && isfinite(*out_value) && *out_value >= 0;
}

static const char *const *split_words(const struct parse *parse, const char *text)
{
	const char **words = arena_alloc(parse->arena, DEFINITION_MAX_WORDS + 1, sizeof(*words));
	struct slice rest = slice_of_string(text);
	struct slice word;
	size_t count = 0;
	while (count < DEFINITION_MAX_WORDS && slice_next_field(&rest, ' ', &word))
		if (word.size_bytes > 0)
			words[count++] = arena_slice(parse->arena, word);
	return words;
}

static enum status read_words(struct parse *parse, const struct field *field, yaml_node_t *node,
			      const char *const **out_words)
{
	if (node->type == YAML_SCALAR_NODE) {
		const char *text = text_of(parse, node);
		if (text == NULL)
			return wrong(parse, node, field->name, "words expected");
		*out_words = split_words(parse, text);
		return STATUS_OK;
	}
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(parse, node, field->name, "a list expected");
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (count > DEFINITION_MAX_WORDS)
		return wrong(parse, node, field->name, "too long");
	const char **words = arena_alloc(parse->arena, count + 1, sizeof(*words));
	for (size_t i = 0; i < count; i++) {
		yaml_node_t *item =
		    yaml_document_get_node(&parse->document, node->data.sequence.items.start[i]);
		words[i] = text_of(parse, item);
		if (words[i] == NULL)
			return wrong(parse, item, field->name, "a word expected");
	}
	*out_words = words;
	return STATUS_OK;
}

static enum status read_pairs(struct parse *parse, const struct field *field, yaml_node_t *node,
			      const char *const **out_words)
{
	if (node->type != YAML_MAPPING_NODE)
		return wrong(parse, node, field->name, "a map expected");
	size_t count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	const char **words = arena_alloc(parse->arena, count + 1, sizeof(*words));
	for (size_t i = 0; i < count; i++) {
		const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
		yaml_node_t *key = yaml_document_get_node(&parse->document, pair->key);
		yaml_node_t *value = yaml_document_get_node(&parse->document, pair->value);
		const char *name = text_of(parse, key);
		const char *text = text_of(parse, value);
		if (name == NULL || text == NULL)
			return wrong(parse, key, field->name, "NAME: value expected");
		words[i] = arena_printf(parse->arena, "%s=%s", name, text);
	}
	*out_words = words;
	return STATUS_OK;
}

static bool is_regex(const char *text)
{
	regex_t regex;
	if (regcomp(&regex, text, REG_EXTENDED | REG_NEWLINE) != 0)
		return false;
	regfree(&regex);
	return true;
}

/* Bytes with a unit behind them; false when it is anything else. */
static bool parse_bytes(const char *text, uint64_t *out_bytes)
{
	static const char units[] = "KMG";
	double value;
	const char *rest;
	if (!parse_number(text, &value, &rest) || value > 1e6)
		return false;
	if (*rest != '\0') {
		const char *unit = strchr(units, *rest);
		if (unit == NULL || rest[1] != '\0')
			return false;
		value = ldexp(value, 10 * (int)(unit - units + 1));
	}
	*out_bytes = (uint64_t)value;
	return true;
}

/* Numbers and the like; NULL or what was expected. */
static const char *read_scalar(const struct field *field, const char *text, void *place)
{
	double value = 0;
	const char *rest = text;
	bool number = parse_number(text, &value, &rest) && *rest == '\0';
	switch (field->kind) {
	case FIELD_BOOL:
		*(bool *)place = strcmp(text, "true") == 0;
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ? NULL
									       : "true or false";
	case FIELD_INTEGER:
		*(int *)place = number && value <= 255 ? (int)value : 0;
		return number && value <= 255 ? NULL : "0 to 255";
	case FIELD_PORT:
		*(uint16_t *)place = number && value <= UINT16_MAX ? (uint16_t)value : 0;
		return number && value >= 1 && value <= UINT16_MAX ? NULL : "a port";
	case FIELD_SECONDS:
		*(double *)place = value;
		return number && value > 0 && value <= 86400 ? NULL : "seconds";
	case FIELD_COUNT:
		*(uint32_t *)place = number && value <= 1000 ? (uint32_t)value : 0;
		return number && value >= 1 && value <= 1000 ? NULL : "1 to 1000";
	case FIELD_BYTES:
		return parse_bytes(text, place) ? NULL : "bytes (100M, 2G)";
	case FIELD_KIND:
		*(enum workload_kind *)place = (enum workload_kind)(
		    workload_kind_from_name(text) < 0 ? 0 : workload_kind_from_name(text));
		return workload_kind_from_name(text) >= 0 ? NULL : "benchmark or suite";
	case FIELD_REGEX:
		*(const char **)place = text;
		return is_regex(text) ? NULL : "a regular expression";
	case FIELD_TEXT:
	case FIELD_WORDS:
	case FIELD_PAIRS:
	case FIELD_SECTION:
		break;
	}
	*(const char **)place = text;
	return NULL;
}

static enum status read_fields(struct parse *parse, const yaml_node_t *map,
			       const struct field *known);

static enum status read_field(struct parse *parse, const struct field *field, yaml_node_t *node)
{
	char *place = (char *)parse->definition + field->off;
	if (field->kind == FIELD_SECTION)
		return read_fields(parse, node, field->fields);
	if (field->kind == FIELD_WORDS)
		return read_words(parse, field, node, (const char *const **)(void *)place);
	if (field->kind == FIELD_PAIRS)
		return read_pairs(parse, field, node, (const char *const **)(void *)place);
	const char *text = text_of(parse, node);
	const char *expected = text == NULL ? "a text" : read_scalar(field, text, place);
	if (expected == NULL)
		return STATUS_OK;
	return error_set(parse->err, STATUS_MALFORMED, ERROR_NO_OFF, "line %zu: %s: %s expected",
			 node->start_mark.line + 1, field->name, expected);
}

/* A map whose keys are all known, each once. */
static enum status read_fields(struct parse *parse, const yaml_node_t *map,
			       const struct field *known)
{
	if (map->type != YAML_MAPPING_NODE)
		return wrong(parse, map, "file", "a map expected");
	uint64_t seen = 0;
	const yaml_node_pair_t *end = map->data.mapping.pairs.top;
	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < end; pair++) {
		yaml_node_t *key = yaml_document_get_node(&parse->document, pair->key);
		const char *name = text_of(parse, key);
		size_t i = 0;
		while (name != NULL && known[i].name != NULL && strcmp(known[i].name, name) != 0)
			i++;
		if (name == NULL || known[i].name == NULL)
			return wrong(parse, key, name == NULL ? "key" : name, "unknown key");
		if ((seen >> i & 1) != 0)
			return wrong(parse, key, name, "given twice");
		seen |= UINT64_C(1) << i;
		enum status status = read_field(
		    parse, &known[i], yaml_document_get_node(&parse->document, pair->value));
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* FNV-1a: only has to tell two versions of a file apart. */
static uint64_t hash_of(struct slice text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < text.size_bytes; i++)
		hash = (hash ^ text.bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static enum status check_whole(const struct definition *definition, struct error *err)
{
	const char *missing = NULL;
	bool ready = definition->ready.port != 0 || definition->ready.file != NULL ||
		     definition->ready.line != NULL;
	if (definition->application == NULL)
		missing = "application";
	else if (definition->name == NULL)
		missing = "name";
	else if (definition->command == NULL || definition->command[0] == NULL)
		missing = "command";
	else if (definition->test != NULL && !ready)
		missing = "ready (port, file or line), which a test waits for";
	else if (definition->test == NULL && ready)
		missing = "test, which ready is for";
	else if (definition->metric.name != NULL && definition->metric.pattern == NULL)
		missing = "metric: pattern";
	if (missing == NULL)
		return STATUS_OK;
	return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "missing: %s", missing);
}

static const char *const no_words[] = { NULL };

enum status definition_parse(struct slice text, const char *name, struct arena *arena,
			     struct definition *out_definition, struct error *err)
{
	struct definition definition = { .packages = no_words,
					 .environment = no_words,
					 .limit_seconds = 60,
					 .replicas = 3,
					 .disk_bytes = UINT64_C(1) << 30,
					 .hash = hash_of(text) };
	struct parse parse = { .arena = arena, .definition = &definition, .err = err };
	yaml_parser_t parser;
	if (text.size_bytes > DEFINITION_MAX_BYTES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%s: too large", name);
	if (yaml_parser_initialize(&parser) == 0)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "out of memory");
	yaml_parser_set_input_string(&parser, text.bytes, text.size_bytes);
	if (yaml_parser_load(&parser, &parse.document) == 0) {
		(void)error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "line %zu: %s",
				parser.problem_mark.line + 1,
				parser.problem == NULL ? "not YAML" : parser.problem);
		yaml_parser_delete(&parser);
		return error_add_context(err, name);
	}
	const yaml_node_t *root = yaml_document_get_root_node(&parse.document);
	enum status status = root == NULL ? error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "empty")
					  : read_fields(&parse, root, fields);
	yaml_document_delete(&parse.document);
	yaml_parser_delete(&parser);
	if (status == STATUS_OK)
		status = check_whole(&definition, err);
	if (status != STATUS_OK)
		return error_add_context(err, name);
	*out_definition = definition;
	return STATUS_OK;
}
