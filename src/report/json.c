/* The result as a tree, through jansson; keys in the order of the calls. */
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/backend.h"
#include "report/clean.h"

/* 15 significant digits: every such decimal comes back unchanged from a double. */
enum { JSON_FLAGS = JSON_INDENT(1) | JSON_REAL_PRECISION(15) };

static json_t *string_node(const char *string)
{
	struct buffer clean = { 0 };
	clean_append_utf8(&clean, slice_of_string(string));
	json_t *node = json_stringn(buffer_string(&clean), clean.size_bytes);
	buffer_finish(&clean);
	return node;
}

static json_t *real_node(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *share_node(uint64_t supported, uint64_t of)
{
	json_t *node = json_object();
	json_object_set_new(node, "supported", json_integer((json_int_t)supported));
	json_object_set_new(node, "of", json_integer((json_int_t)of));
	json_object_set_new(node, "percent",
			    real_node(of == 0 ? NAN : 100.0 * (double)supported / (double)of));
	return node;
}

static json_t *list_node(const char *const *names, size_t count)
{
	json_t *node = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(node, string_node(names[i]));
	return node;
}

static json_t *cell_node(const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NULL:
		return json_null();
	case CELL_TEXT:
		return string_node(cell->text);
	case CELL_INTEGER:
		return json_integer(cell->integer);
	case CELL_BOOL:
		return json_boolean(cell->truth);
	case CELL_REAL:
		return real_node(cell->real.value);
	case CELL_SHARE:
		return share_node(cell->share.supported, cell->share.of);
	case CELL_LIST:
		return list_node(cell->list.names, cell->list.count);
	}
	assert(false && "no such kind of cell");
	return NULL;
}

static json_t **current(struct writer *writer)
{
	return &writer->nodes[writer->depth - 1];
}

/* Takes value; without key, or below something without key, it is dropped. */
static void set(json_t *object, const char *key, json_t *value)
{
	if (object == NULL || key == NULL) {
		json_decref(value);
		return;
	}
	assert(json_object_get(object, key) == NULL);
	json_object_set_new(object, key, value);
}

static void json_begin(struct writer *writer, const struct document *document)
{
	*current(writer) = json_object();
	set(*current(writer), "schema", string_node(document->schema));
	set(*current(writer), "version", json_integer(document->version));
}

static int append_dumped(const char *bytes, size_t size_bytes, void *buffer)
{
	buffer_append(buffer, bytes, size_bytes);
	return 0;
}

static void json_end(struct writer *writer)
{
	if (json_dump_callback(writer->nodes[0], append_dumped, &writer->out, JSON_FLAGS) != 0) {
		fputs("out of memory\n", stderr); /* the only way a clean tree fails to dump */
		exit(EXIT_FAILURE);
	}
	buffer_append_string(&writer->out, "\n");
}

static void json_finish(struct writer *writer)
{
	json_decref(writer->nodes[0]);
}

static void json_open(struct writer *writer, enum frame frame, const char *key, const char *title)
{
	(void)title;
	json_t *parent = writer->nodes[writer->depth - 2];
	json_t *node = frame == FRAME_ARRAY ? json_array() : json_object();
	*current(writer) = node; /* borrowed from its parent, which takes it below */
	if (frame == FRAME_ITEM && parent != NULL) {
		json_array_append_new(parent, node);
		return;
	}
	if (key == NULL || parent == NULL)
		*current(writer) = frame == FRAME_SECTION ? parent : NULL;
	set(parent, key, node);
}

static void json_note(struct writer *writer, const char *key, const char *text)
{
	set(*current(writer), key, string_node(text));
}

static void json_facts(struct writer *writer, const struct fact *facts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set(*current(writer), facts[i].key, cell_node(&facts[i].cell));
}

static void json_numbers(struct writer *writer, const char *key, const double *values, size_t count)
{
	json_t *node = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(node, real_node(values[i]));
	set(*current(writer), key, node);
}

static void json_table(struct writer *writer, const struct table *table)
{
	json_t *rows = json_array();
	const struct cell *cell = table->cells;
	for (size_t i = 0; i < table->row_count; i++) {
		json_t *row = json_object();
		for (size_t j = 0; j < table->column_count; j++)
			json_object_set_new(row, table->columns[j].key, cell_node(cell++));
		json_array_append_new(rows, row);
	}
	set(*current(writer), table->key, rows);
}

static void json_figure(struct writer *writer, const struct fact *path, struct slice svg)
{
	(void)svg;
	set(*current(writer), path->key, cell_node(&path->cell));
}

const struct backend json_backend = {
	.begin = json_begin,
	.end = json_end,
	.finish = json_finish,
	.open = json_open,
	.note = json_note,
	.facts = json_facts,
	.numbers = json_numbers,
	.table = json_table,
	.figure = json_figure,
};
