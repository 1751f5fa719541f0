#include "store/layer.h"

#include <inttypes.h>

#include "store/database.h"

#define SAME_LAYER "name = ?1 AND ifnull(version, '') = ifnull(?2, '') AND arch = ?3"

static enum status delete_layer(struct store *store, const char *name, const char *version,
				enum arch arch, struct error *err)
{
	struct statement statement;
	enum status status =
	    statement_prepare(&statement, store, "DELETE FROM layer WHERE " SAME_LAYER, err);
	if (status == STATUS_OK) {
		statement_bind_text(&statement, 1, name);
		statement_bind_text(&statement, 2, version);
		statement_bind_text(&statement, 3, arch_name(arch));
		status = statement_run(&statement, err);
	}
	statement_finish(&statement);
	return status;
}

static enum status insert_head(struct store *store, const struct layer *layer, int64_t *out_id,
			       struct error *err)
{
	struct statement insert;
	int64_t source;
	enum status status = source_insert(store, &layer->source, &source, err);
	if (status != STATUS_OK)
		return status;
	status = statement_prepare(&insert, store,
				   "INSERT INTO layer (source, name, version, arch, policy)"
				   " VALUES (?1, ?2, ?3, ?4, ?5)",
				   err);
	if (status == STATUS_OK) {
		statement_bind_integer(&insert, 1, source);
		statement_bind_text(&insert, 2, layer->name);
		statement_bind_text(&insert, 3, layer->version);
		statement_bind_text(&insert, 4, arch_name(layer->arch));
		statement_bind_text(&insert, 5, layer_policy_name(layer->policy));
		status = statement_run(&insert, err);
	}
	statement_finish(&insert);
	if (status == STATUS_OK)
		*out_id = sqlite3_last_insert_rowid(store->handle);
	return status;
}

static enum status insert_entries(struct store *store, int64_t id, const struct layer *layer,
				  struct error *err)
{
	struct statement insert;
	enum status status = statement_prepare(
	    &insert, store,
	    "INSERT INTO layer_api (layer, number, level, note) VALUES (?1, ?2, ?3, ?4)", err);
	if (status == STATUS_OK)
		statement_bind_integer(&insert, 1, id);
	for (size_t i = 0; i < layer->entry_count && status == STATUS_OK; i++) {
		const struct layer_entry *entry = &layer->entries[i];
		statement_bind_integer(&insert, 2, entry->number);
		statement_bind_text(&insert, 3, layer_level_name(entry->level));
		statement_bind_text(&insert, 4, entry->note);
		status = statement_run(&insert, err);
	}
	statement_finish(&insert);
	return status;
}

static enum status put_layer(struct store *store, const struct layer *layer, struct error *err)
{
	int64_t id = 0;
	enum status status = delete_layer(store, layer->name, layer->version, layer->arch, err);
	if (status == STATUS_OK)
		status = insert_head(store, layer, &id, err);
	return status == STATUS_OK ? insert_entries(store, id, layer, err) : status;
}

enum status store_put_layers(struct store *store, const struct layer *const *layers, size_t count,
			     struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = put_layer(store, layers[i], err);
	if (status == STATUS_OK)
		status = source_sweep(store, err);
	return database_end(store, status, err);
}

enum status store_remove_layer(struct store *store, const char *name, const char *version,
			       enum arch arch, struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	status = delete_layer(store, name, version, arch, err);
	if (status == STATUS_OK && sqlite3_changes(store->handle) == 0)
		status = error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no layer %.60s %.60s %s",
				   name, version == NULL ? "" : version, arch_name(arch));
	if (status == STATUS_OK)
		status = source_sweep(store, err);
	return database_end(store, status, err);
}

enum {
	COLUMN_ID,
	COLUMN_NAME,
	COLUMN_VERSION,
	COLUMN_ARCH,
	COLUMN_POLICY,
	COLUMN_ENTRY_COUNT,
	COLUMN_SOURCE
};

static const char select_layers[] = "SELECT layer.id, name, layer.version, arch, policy,"
				    " (SELECT count(*) FROM layer_api WHERE layer = layer.id),"
				    " title, source.version, licence, url"
				    " FROM layer JOIN source ON source.id = layer.source"
				    " ORDER BY name, ifnull(layer.version, ''), arch";

static const char select_entries[] =
    "SELECT number, level, note FROM layer_api WHERE layer = ?1 ORDER BY number";

struct selects {
	struct statement layers;
	struct statement entries;
	struct arena *arena;
};

static enum status load_entry(struct selects *selects, struct layer_entry *out_entry,
			      struct error *err)
{
	struct statement *select = &selects->entries;
	int64_t number = statement_integer(select, 0);
	int level = layer_level_from_name(statement_view(select, 1));
	if (number < 0 || number > UINT32_MAX || level < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table layer_api: number %" PRId64 ", level '%.40s'", number,
				 statement_view(select, 1));
	*out_entry = (struct layer_entry){ (uint32_t)number, (enum layer_level)level,
					   statement_text(select, 2, selects->arena) };
	return STATUS_OK;
}

static enum status load_entries(struct selects *selects, struct layer *layer, struct error *err)
{
	struct statement *select = &selects->entries;
	statement_rewind(select);
	statement_bind_integer(select, 1, statement_integer(&selects->layers, COLUMN_ID));
	size_t count = (size_t)statement_integer(&selects->layers, COLUMN_ENTRY_COUNT);
	struct layer_entry *entries = arena_alloc(selects->arena, count, sizeof(*entries));
	enum status status = STATUS_OK;
	bool row = true;
	size_t i = 0;
	while (status == STATUS_OK && i < count && row) {
		status = statement_next(select, &row, err);
		if (status == STATUS_OK && row)
			status = load_entry(selects, &entries[i++], err);
	}
	layer->entries = entries;
	layer->entry_count = i;
	return status;
}

static enum status load_layer(struct selects *selects, struct layer *out_layer, struct error *err)
{
	struct statement *select = &selects->layers;
	int arch = arch_from_name(statement_view(select, COLUMN_ARCH));
	int policy = layer_policy_from_name(statement_view(select, COLUMN_POLICY));
	if (arch == ARCH_UNKNOWN || policy < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table layer: unknown arch or policy in row %" PRId64,
				 statement_integer(select, COLUMN_ID));
	*out_layer = (struct layer){
		.name = statement_text(select, COLUMN_NAME, selects->arena),
		.version = statement_text(select, COLUMN_VERSION, selects->arena),
		.arch = (enum arch)arch,
		.policy = (enum layer_policy)policy,
		.source = source_of_row(select, COLUMN_SOURCE, selects->arena),
	};
	return load_entries(selects, out_layer, err);
}

/* In a reading transaction: the count must be that of the rows. */
static enum status load_all(struct store *store, struct selects *selects,
			    const struct layer **layers, size_t count, struct error *err)
{
	enum status status = statement_prepare(&selects->layers, store, select_layers, err);
	if (status == STATUS_OK)
		status = statement_prepare(&selects->entries, store, select_entries, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		bool row;
		struct layer *layer = arena_alloc(selects->arena, 1, sizeof(*layer));
		status = statement_next(&selects->layers, &row, err);
		if (status == STATUS_OK && !row)
			return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
					 "a layer without a source");
		if (status == STATUS_OK)
			status = load_layer(selects, layer, err);
		layers[i] = layer;
	}
	return status;
}

enum status store_load_layers(struct store *store, struct arena *arena,
			      const struct layer *const **out_layers, size_t *out_count,
			      struct error *err)
{
	struct selects selects = { .arena = arena };
	const struct layer **layers = NULL;
	int64_t count = 0;
	enum status status = database_begin_reading(store, err);
	if (status != STATUS_OK)
		return status;
	status = database_integer(store, "SELECT count(*) FROM layer", &count, err);
	if (status == STATUS_OK) {
		layers = arena_alloc(arena, (size_t)count, sizeof(*layers));
		status = load_all(store, &selects, layers, (size_t)count, err);
	}
	statement_finish(&selects.layers);
	statement_finish(&selects.entries);
	status = database_end(store, status, err);
	if (status == STATUS_OK) {
		*out_layers = layers;
		*out_count = (size_t)count;
	}
	return status;
}
