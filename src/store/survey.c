/* What a survey keeps so that it does nothing twice, merging of stores, and popularity. */
#include "store/database.h"
#include "store/package.h"

enum status store_survey_begin(struct store *store, struct error *err)
{
	return database_begin(store, err);
}

enum status store_survey_end(struct store *store, enum status status, struct error *err)
{
	return database_end(store, status, err);
}

static const char *const put_sql[] = {
	"INSERT OR REPLACE INTO survey_input (key, value) VALUES (?1, ?2)",
	"INSERT OR REPLACE INTO survey_program (key, value) VALUES (?1, ?2)",
};
static const char *const get_sql[] = {
	"SELECT value FROM survey_input WHERE key = ?1",
	"SELECT value FROM survey_program WHERE key = ?1",
};

enum status store_survey_put(struct store *store, enum survey_table table, struct slice key,
			     struct slice value, struct error *err)
{
	struct statement statement;
	enum status status = statement_prepare(&statement, store, put_sql[table], err);
	if (status == STATUS_OK) {
		statement_bind_bytes(&statement, 1, key);
		statement_bind_bytes(&statement, 2, value);
		status = statement_run(&statement, err);
	}
	statement_finish(&statement);
	return status;
}

enum status store_survey_get(struct store *store, enum survey_table table, struct slice key,
			     struct arena *arena, struct slice *out_value, struct error *err)
{
	struct statement statement;
	bool row = false;
	enum status status = statement_prepare(&statement, store, get_sql[table], err);
	if (status == STATUS_OK) {
		statement_bind_bytes(&statement, 1, key);
		status = statement_next(&statement, &row, err);
	}
	if (status == STATUS_OK && row)
		*out_value = statement_bytes(&statement, 0, arena);
	statement_finish(&statement);
	if (status == STATUS_OK && !row)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "not in the store");
	return status;
}

/* ---- merging ---- */

/* In this order; a package of the other store takes the place of its own kind here. */
static const char merge_sql[] =
    "INSERT OR IGNORE INTO source (title, version, licence, url)"
    " SELECT title, version, licence, url FROM other.source"
    " WHERE id IN (SELECT source FROM other.package)"
    " OR id IN (SELECT source FROM other.popularity_source);"
    "CREATE TEMP TABLE merged_source AS SELECT theirs.id AS theirs, ours.id AS ours"
    " FROM other.source AS theirs JOIN main.source AS ours ON ours.title = theirs.title"
    " AND ifnull(ours.version, '') = ifnull(theirs.version, '')"
    " AND ifnull(ours.licence, '') = ifnull(theirs.licence, '')"
    " AND ifnull(ours.url, '') = ifnull(theirs.url, '');"
    "DELETE FROM main.package_digest;"
    "DELETE FROM main.package WHERE id IN (SELECT ours.id FROM main.package AS ours"
    " JOIN other.package AS theirs USING (name, version, arch)"
    " JOIN temp.merged_source AS m ON m.theirs = theirs.source AND m.ours = ours.source);"
    "INSERT INTO main.package (source, name, version, arch, section, maintainer, depends, provides,"
    " state, problem, programs, libraries, scripts, unresolved)"
    " SELECT m.ours, name, version, arch, section, maintainer, depends, provides, state, problem,"
    " programs, libraries, scripts, unresolved FROM other.package"
    " JOIN temp.merged_source AS m ON m.theirs = source;"
    "INSERT OR IGNORE INTO main.api (kind, arch, number, value, name)"
    " SELECT kind, arch, number, value, name FROM other.api;"
    "INSERT OR IGNORE INTO main.evidence (program, chain) SELECT program, chain FROM other.evidence"
    " WHERE chain IS NOT NULL;"
    "INSERT INTO main.evidence (program, chain) SELECT program, NULL FROM other.evidence"
    " WHERE chain IS NULL AND program NOT IN"
    " (SELECT program FROM main.evidence WHERE chain IS NULL);"
    "INSERT INTO main.package_api (package, api, certainty, evidence)"
    " SELECT p.id, a.id, used.certainty, e.id FROM other.package_api AS used"
    " JOIN other.package AS tp ON tp.id = used.package"
    " JOIN temp.merged_source AS m ON m.theirs = tp.source"
    " JOIN main.package AS p ON p.source = m.ours AND p.name = tp.name"
    " AND p.version = tp.version AND p.arch = tp.arch"
    " JOIN other.api AS ta ON ta.id = used.api"
    " JOIN main.api AS a ON a.kind = ta.kind AND a.arch = ta.arch AND a.number = ta.number"
    " AND a.value = ta.value AND a.name = ta.name"
    " JOIN other.evidence AS te ON te.id = used.evidence"
    " JOIN main.evidence AS e ON e.program = te.program AND e.chain IS te.chain;"
    "INSERT OR REPLACE INTO main.survey_input SELECT * FROM other.survey_input;"
    "INSERT OR REPLACE INTO main.survey_program SELECT * FROM other.survey_program;"
    "INSERT OR REPLACE INTO main.popularity_source SELECT m.ours, submissions, estimate"
    " FROM other.popularity_source JOIN temp.merged_source AS m ON m.theirs = source;"
    "INSERT OR REPLACE INTO main.popularity SELECT m.ours, name, installations"
    " FROM other.popularity JOIN temp.merged_source AS m ON m.theirs = source;"
    "DROP TABLE temp.merged_source;";

/* Attached by name, which the caller has opened for reading: so it is of this schema. */
enum status store_merge(struct store *store, struct store *other, struct error *err)
{
	struct statement attach;
	const char *path = sqlite3_db_filename(other->handle, "main");
	enum status status = statement_prepare(&attach, store, "ATTACH ?1 AS other", err);
	if (status == STATUS_OK) {
		statement_bind_text(&attach, 1, path);
		status = statement_run(&attach, err);
	}
	statement_finish(&attach);
	if (status != STATUS_OK)
		return status;
	status = database_begin(store, err);
	if (status == STATUS_OK)
		status = database_end(store, database_execute(store, merge_sql, err), err);
	struct error ignored;
	(void)!database_execute(store, "DETACH other", &ignored);
	return status;
}

/* ---- popularity ---- */

static enum status put_entries(struct store *store, const struct popularity *popularity,
			       int64_t source, struct error *err)
{
	struct statement insert;
	enum status status = statement_prepare(
	    &insert, store,
	    "INSERT INTO popularity (source, name, installations) VALUES (?1, ?2, ?3)", err);
	for (size_t i = 0; i < popularity->count && status == STATUS_OK; i++) {
		statement_bind_integer(&insert, 1, source);
		statement_bind_text(&insert, 2, popularity->entries[i].name);
		statement_bind_integer(&insert, 3, (int64_t)popularity->entries[i].installations);
		status = statement_run(&insert, err);
	}
	statement_finish(&insert);
	return status;
}

static enum status put_popularity(struct store *store, const struct popularity *popularity,
				  struct error *err)
{
	int64_t source;
	struct statement insert;
	enum status status = database_execute(store, "DELETE FROM popularity_source", err);
	if (status == STATUS_OK)
		status = source_insert(store, &popularity->source, &source, err);
	if (status != STATUS_OK)
		return status;
	status = statement_prepare(
	    &insert, store,
	    "INSERT INTO popularity_source (source, submissions, estimate) VALUES (?1, ?2, ?3)",
	    err);
	if (status == STATUS_OK) {
		statement_bind_integer(&insert, 1, source);
		statement_bind_integer(&insert, 2, (int64_t)popularity->submissions);
		statement_bind_integer(&insert, 3, popularity->estimate);
		status = statement_run(&insert, err);
	}
	statement_finish(&insert);
	return status == STATUS_OK ? put_entries(store, popularity, source, err) : status;
}

enum status store_put_popularity(struct store *store, const struct popularity *popularity,
				 struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	status = put_popularity(store, popularity, err);
	if (status == STATUS_OK)
		status = source_sweep(store, err);
	return database_end(store, status, err);
}

static enum status load_entries(struct store *store, struct arena *arena, int64_t source,
				struct popularity *popularity, struct error *err)
{
	struct statement select;
	struct popularity_entry *entries = NULL;
	size_t capacity = 0;
	bool row = true;
	/* BINARY is the order of strcmp, which popularity_of wants */
	enum status status = statement_prepare(
	    &select, store,
	    "SELECT name, installations FROM popularity WHERE source = ?1 ORDER BY name", err);
	if (status == STATUS_OK)
		statement_bind_integer(&select, 1, source);
	while (status == STATUS_OK) {
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		if (popularity->count == capacity)
			entries = arena_grow(arena, entries, popularity->count, sizeof(*entries),
					     &capacity);
		entries[popularity->count++] =
		    (struct popularity_entry){ statement_text(&select, 0, arena),
					       (uint64_t)statement_integer(&select, 1) };
	}
	statement_finish(&select);
	popularity->entries = entries;
	return status;
}

enum status store_load_popularity(struct store *store, struct arena *arena,
				  struct popularity *out_popularity, struct error *err)
{
	struct statement select;
	struct popularity popularity = { 0 };
	int64_t source = 0;
	bool row = false;
	enum status status =
	    statement_prepare(&select, store,
			      "SELECT source, submissions, estimate, title, version, licence, url"
			      " FROM popularity_source JOIN source ON source.id = source",
			      err);
	if (status == STATUS_OK)
		status = statement_next(&select, &row, err);
	if (status == STATUS_OK && row) {
		source = statement_integer(&select, 0);
		popularity.submissions = (uint64_t)statement_integer(&select, 1);
		popularity.estimate = statement_integer(&select, 2) != 0;
		popularity.source = source_of_row(&select, 3, arena);
	}
	statement_finish(&select);
	if (status != STATUS_OK)
		return status;
	if (!row)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no popularity");
	if (popularity.submissions == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table popularity_source: no submissions");
	status = load_entries(store, arena, source, &popularity, err);
	if (status == STATUS_OK)
		*out_popularity = popularity;
	return status;
}
