#include "store/workload.h"

#include <inttypes.h>

#include "store/database.h"

static enum status count_workloads(struct store *store, size_t *out_count, struct error *err)
{
	int64_t count;
	enum status status = database_integer(store, "SELECT count(*) FROM workload", &count, err);
	if (status == STATUS_OK)
		*out_count = (size_t)count;
	return status;
}

static const char delete_source[] =
    "DELETE FROM workload WHERE source IN (SELECT id FROM source WHERE title = ?1)";

static const char delete_workload[] =
    "DELETE FROM workload WHERE source IN (SELECT id FROM source WHERE title = ?1)"
    " AND arch = ?2 AND application = ?3 AND name = ?4";

/* sql: one of the two above */
static enum status remove_workloads(struct store *store, const char *sql,
				    const struct workload *const *workloads, size_t count,
				    struct error *err)
{
	struct statement statement;
	enum status status = statement_prepare(&statement, store, sql, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		statement_bind_text(&statement, 1, workloads[i]->source.title);
		if (sql == delete_workload) {
			statement_bind_text(&statement, 2, arch_name(workloads[i]->arch));
			statement_bind_text(&statement, 3, workloads[i]->application);
			statement_bind_text(&statement, 4, workloads[i]->name);
		}
		status = statement_run(&statement, err);
	}
	statement_finish(&statement);
	return status;
}

static enum status insert_uses(struct statement *insert, int64_t id,
			       const struct workload *workload, struct error *err)
{
	enum status status = STATUS_OK;
	statement_bind_integer(insert, 1, id);
	for (size_t i = 0; i < workload->use_count && status == STATUS_OK; i++) {
		statement_bind_integer(insert, 2, workload->uses[i].number);
		statement_bind_text(insert, 3, verdict_name(workload->uses[i].verdict));
		status = statement_run(insert, err);
	}
	return status;
}

struct inserts {
	struct statement workload;
	struct statement use;
};

static enum status insert_workload(struct store *store, struct inserts *inserts,
				   const struct workload *workload, struct error *err)
{
	int64_t source;
	enum status status = source_insert(store, &workload->source, &source, err);
	if (status != STATUS_OK)
		return status;
	statement_bind_integer(&inserts->workload, 1, source);
	statement_bind_text(&inserts->workload, 2, arch_name(workload->arch));
	statement_bind_text(&inserts->workload, 3, workload->application);
	statement_bind_text(&inserts->workload, 4, workload->name);
	statement_bind_text(&inserts->workload, 5, workload_kind_name(workload->kind));
	statement_bind_text(&inserts->workload, 6, workload->run);
	status = statement_run(&inserts->workload, err);
	if (status != STATUS_OK)
		return status;
	return insert_uses(&inserts->use, sqlite3_last_insert_rowid(store->handle), workload, err);
}

static enum status insert_workloads(struct store *store, const struct workload *const *workloads,
				    size_t count, struct error *err)
{
	struct inserts inserts = { 0 };
	enum status status =
	    statement_prepare(&inserts.workload, store,
			      "INSERT INTO workload (source, arch, application, name, kind, run)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			      err);
	if (status == STATUS_OK)
		status = statement_prepare(
		    &inserts.use, store,
		    "INSERT INTO workload_api (workload, number, verdict) VALUES (?1, ?2, ?3)",
		    err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = insert_workload(store, &inserts, workloads[i], err);
	statement_finish(&inserts.use);
	statement_finish(&inserts.workload);
	return status;
}

static enum status change_workloads(struct store *store, const char *removal,
				    const struct workload *const *workloads, size_t count,
				    struct store_change *out_change, struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	size_t before = 0;
	size_t between = 0;
	status = count_workloads(store, &before, err);
	if (status == STATUS_OK)
		status = remove_workloads(store, removal, workloads, count, err);
	if (status == STATUS_OK)
		status = count_workloads(store, &between, err);
	if (status == STATUS_OK)
		status = insert_workloads(store, workloads, count, err);
	if (status == STATUS_OK)
		status = source_sweep(store, err);
	status = database_end(store, status, err);
	if (status == STATUS_OK)
		*out_change = (struct store_change){ before - between, count };
	return status;
}

enum status store_replace_workloads(struct store *store, const struct workload *const *workloads,
				    size_t count, struct store_change *out_change,
				    struct error *err)
{
	return change_workloads(store, delete_source, workloads, count, out_change, err);
}

enum status store_put_workloads(struct store *store, const struct workload *const *workloads,
				size_t count, struct store_change *out_change, struct error *err)
{
	return change_workloads(store, delete_workload, workloads, count, out_change, err);
}

enum {
	COLUMN_ID,
	COLUMN_ARCH,
	COLUMN_APPLICATION,
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_RUN,
	COLUMN_USE_COUNT,
	COLUMN_SOURCE
};

static const char select_workloads[] =
    "SELECT workload.id, arch, application, name, kind, run,"
    " (SELECT count(*) FROM workload_api WHERE workload = workload.id),"
    " title, source.version, licence, url"
    " FROM workload JOIN source ON source.id = workload.source ORDER BY workload.id";

static const char select_uses[] =
    "SELECT number, verdict FROM workload_api WHERE workload = ?1 ORDER BY number";

struct selects {
	struct statement workloads;
	struct statement uses;
	struct arena *arena;
};

static enum status load_use(struct statement *select, struct workload_use *out_use,
			    struct error *err)
{
	int64_t number = statement_integer(select, 0);
	const char *word = statement_view(select, 1);
	int verdict = verdict_from_name(word);
	if (number < 0 || number > UINT32_MAX || verdict < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table workload_api: number %" PRId64 ", verdict '%.40s'", number,
				 word);
	*out_use = (struct workload_use){ (uint32_t)number, (enum verdict)verdict };
	return STATUS_OK;
}

static enum status load_uses(struct selects *selects, struct workload *workload, struct error *err)
{
	struct statement *select = &selects->uses;
	statement_rewind(select);
	statement_bind_integer(select, 1, statement_integer(&selects->workloads, COLUMN_ID));
	size_t count = (size_t)statement_integer(&selects->workloads, COLUMN_USE_COUNT);
	struct workload_use *uses = arena_alloc(selects->arena, count, sizeof(*uses));
	enum status status = STATUS_OK;
	bool row = true;
	size_t i = 0;
	while (status == STATUS_OK && i < count && row) {
		status = statement_next(select, &row, err);
		if (status == STATUS_OK && row)
			status = load_use(select, &uses[i++], err);
	}
	workload->uses = uses;
	workload->use_count = i;
	return status;
}

static enum status load_workload(struct selects *selects, struct workload *out_workload,
				 struct error *err)
{
	struct statement *select = &selects->workloads;
	int arch = arch_from_name(statement_view(select, COLUMN_ARCH));
	int kind = workload_kind_from_name(statement_view(select, COLUMN_KIND));
	if (arch == ARCH_UNKNOWN || kind < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table workload: unknown arch or kind in row %" PRId64,
				 statement_integer(select, COLUMN_ID));
	*out_workload = (struct workload){
		.application = statement_text(select, COLUMN_APPLICATION, selects->arena),
		.name = statement_text(select, COLUMN_NAME, selects->arena),
		.run = statement_text(select, COLUMN_RUN, selects->arena),
		.kind = (enum workload_kind)kind,
		.arch = (enum arch)arch,
		.source = source_of_row(select, COLUMN_SOURCE, selects->arena),
	};
	return load_uses(selects, out_workload, err);
}

/* In a reading transaction: the count must be that of the rows. */
static enum status load_all(struct store *store, struct selects *selects,
			    const struct workload **workloads, size_t count, struct error *err)
{
	enum status status = statement_prepare(&selects->workloads, store, select_workloads, err);
	if (status == STATUS_OK)
		status = statement_prepare(&selects->uses, store, select_uses, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		bool row;
		struct workload *workload = arena_alloc(selects->arena, 1, sizeof(*workload));
		status = statement_next(&selects->workloads, &row, err);
		if (status == STATUS_OK && !row)
			return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
					 "a workload without a source");
		if (status == STATUS_OK)
			status = load_workload(selects, workload, err);
		workloads[i] = workload;
	}
	return status;
}

enum status store_load_workloads(struct store *store, struct arena *arena,
				 const struct workload *const **out_workloads, size_t *out_count,
				 struct error *err)
{
	struct selects selects = { .arena = arena };
	const struct workload **workloads = NULL;
	size_t count = 0;
	enum status status = database_begin_reading(store, err);
	if (status != STATUS_OK)
		return status;
	status = count_workloads(store, &count, err);
	if (status == STATUS_OK) {
		workloads = arena_alloc(arena, count, sizeof(*workloads));
		status = load_all(store, &selects, workloads, count, err);
	}
	statement_finish(&selects.workloads);
	statement_finish(&selects.uses);
	status = database_end(store, status, err);
	if (status == STATUS_OK) {
		*out_workloads = workloads;
		*out_count = count;
	}
	return status;
}
