/* Facts of packages: which APIs each uses, by way of what. */
#include "store/package.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/database.h"
#include "store/schema.h"

/*
 * Evidence is kept once per program and chain; a chain starts at the program. survey_* is what a
 * survey keeps to do nothing twice; it can be emptied without losing facts.
 */
const char schema_packages[] =
    "CREATE TABLE package ("
    " id INTEGER PRIMARY KEY,"
    " source INTEGER NOT NULL REFERENCES source,"
    " name TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " arch TEXT NOT NULL,"
    " section TEXT,"
    " maintainer TEXT,"
    " depends TEXT,"
    " provides TEXT,"
    " state TEXT NOT NULL,"
    " problem TEXT,"
    " programs INTEGER NOT NULL,"
    " libraries INTEGER NOT NULL,"
    " scripts INTEGER NOT NULL,"
    " unresolved INTEGER NOT NULL,"
    " UNIQUE (source, name, version, arch)) STRICT;"
    "CREATE INDEX package_name ON package (name, version, arch);"

    "CREATE TABLE api ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL,"
    " arch TEXT NOT NULL,"
    " number INTEGER NOT NULL,"
    " value INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " UNIQUE (kind, arch, number, value, name)) STRICT;"

    "CREATE TABLE evidence ("
    " id INTEGER PRIMARY KEY,"
    " program TEXT NOT NULL,"
    " chain TEXT,"
    " UNIQUE (program, chain)) STRICT;"

    "CREATE TABLE package_api ("
    " package INTEGER NOT NULL REFERENCES package ON DELETE CASCADE,"
    " api INTEGER NOT NULL REFERENCES api,"
    " certainty TEXT NOT NULL,"
    " evidence INTEGER NOT NULL REFERENCES evidence,"
    " PRIMARY KEY (package, api)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX package_api_users ON package_api (api);"

    "CREATE TABLE survey_input (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE survey_program (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT;"

    "CREATE TABLE popularity_source ("
    " source INTEGER PRIMARY KEY REFERENCES source,"
    " submissions INTEGER NOT NULL,"
    " estimate INTEGER NOT NULL) STRICT;"
    "CREATE TABLE popularity ("
    " source INTEGER NOT NULL REFERENCES popularity_source ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " installations INTEGER NOT NULL,"
    " PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;";

/* What stands for all packages that were put together last, as long as nobody has put others. */
const char schema_digest[] =
    "CREATE TABLE package_digest (title TEXT PRIMARY KEY, digest BLOB NOT NULL) STRICT;";

/* ---- writing ---- */

/* An API that was asked for, with the row that it has. */
struct known_api {
	struct api api;
	int64_t id; /* 0: none */
};

enum { KNOWN_APIS = 1 << 14 };

struct package_writer {
	struct store *store;
	const char *title;
	int64_t source;
	struct statement forget, package, find_api, add_api, find_evidence, add_evidence, use;
	struct arena arena;      /* owned; of known names */
	struct known_api *known; /* by a hash, the last one each: most packages use the same */
	const char *program;     /* of the last evidence without a chain; NULL: none yet, */
	int64_t evidence;        /* and its row */
};

static const char *const writer_sql[] = {
	/* of any version of the source */
	"DELETE FROM package WHERE name = ?2 AND version = ?3 AND arch = ?4"
	" AND source IN (SELECT id FROM source WHERE title = ?1)",
	"INSERT INTO package (source, name, version, arch, section, maintainer, depends, provides,"
	" state, problem, programs, libraries, scripts, unresolved)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	"SELECT id FROM api WHERE kind = ?1 AND arch = ?2 AND number = ?3 AND value = ?4"
	" AND name = ?5",
	"INSERT INTO api (kind, arch, number, value, name) VALUES (?1, ?2, ?3, ?4, ?5)",
	"SELECT id FROM evidence WHERE program = ?1 AND chain IS ?2",
	"INSERT INTO evidence (program, chain) VALUES (?1, ?2)",
	"INSERT INTO package_api (package, api, certainty, evidence) VALUES (?1, ?2, ?3, ?4)",
};

static enum status prepare_writer(struct package_writer *writer, struct error *err)
{
	struct statement *statements[] = {
		&writer->forget,        &writer->package,      &writer->find_api, &writer->add_api,
		&writer->find_evidence, &writer->add_evidence, &writer->use
	};
	enum status status = STATUS_OK;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && status == STATUS_OK;
	     i++)
		status = statement_prepare(statements[i], writer->store, writer_sql[i], err);
	return status;
}

static enum status forget_source(struct store *store, const char *title, struct error *err)
{
	struct statement statement;
	enum status status = statement_prepare(
	    &statement, store,
	    "DELETE FROM package WHERE source IN (SELECT id FROM source WHERE title = ?1)", err);
	if (status == STATUS_OK) {
		statement_bind_text(&statement, 1, title);
		status = statement_run(&statement, err);
	}
	statement_finish(&statement);
	return status;
}

static enum status run_with_title(struct store *store, const char *sql, const char *title,
				  struct slice digest, bool *out_row, struct error *err)
{
	struct statement statement;
	enum status status = statement_prepare(&statement, store, sql, err);
	if (status == STATUS_OK) {
		statement_bind_text(&statement, 1, title);
		statement_bind_bytes(&statement, 2, digest);
		status = statement_next(&statement, out_row, err);
	}
	statement_finish(&statement);
	return status;
}

bool store_packages_are(struct store *store, const struct source *source, struct slice digest)
{
	bool row = false;
	struct error ignored;
	return run_with_title(store,
			      "SELECT 1 FROM package_digest WHERE title = ?1 AND digest = ?2",
			      source->title, digest, &row, &ignored) == STATUS_OK &&
	       row;
}

enum status store_packages_begin(struct store *store, const struct source *source, bool replace,
				 struct package_writer **out_writer, struct error *err)
{
	struct package_writer *writer = calloc(1, sizeof(*writer));
	if (writer == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "out of memory");
	*writer = (struct package_writer){ .store = store, .title = source->title };
	writer->known = arena_alloc(&writer->arena, KNOWN_APIS, sizeof(*writer->known));
	enum status status = database_begin(store, err);
	if (status != STATUS_OK) {
		arena_finish(&writer->arena);
		free(writer);
		return status;
	}
	status = source_insert(store, source, &writer->source, err);
	if (status == STATUS_OK)
		status = database_execute(store, "DELETE FROM package_digest", err);
	if (status == STATUS_OK && replace)
		status = forget_source(store, source->title, err);
	if (status == STATUS_OK)
		status = prepare_writer(writer, err);
	if (status != STATUS_OK)
		return store_packages_end(writer, status, err);
	*out_writer = writer;
	return STATUS_OK;
}

/* The row that find finds, or else the one that add adds; both have the same values bound. */
static enum status find_or_add(struct statement *find, struct statement *add, int64_t *out_id,
			       struct error *err)
{
	bool row = false;
	enum status status = statement_next(find, &row, err);
	if (status == STATUS_OK && row)
		*out_id = statement_integer(find, 0);
	statement_rewind(find);
	if (status != STATUS_OK || row)
		return status;
	status = statement_run(add, err);
	*out_id = sqlite3_last_insert_rowid(add->store->handle);
	return status;
}

static struct known_api *known_place(const struct package_writer *writer, const struct api *api)
{
	uint64_t hash = api->kind;
	const uint64_t numbers[] = { api->arch, api->number, api->value };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash = (hash ^ numbers[i]) * UINT64_C(0x9E3779B97F4A7C15);
	for (const char *at = api->name; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
	return &writer->known[hash >> 32 & (KNOWN_APIS - 1)];
}

static enum status put_api(struct package_writer *writer, const struct api *api, int64_t *out_id,
			   struct error *err)
{
	struct known_api *known = known_place(writer, api);
	if (known->id != 0 && api_compare(&known->api, api) == 0) {
		*out_id = known->id;
		return STATUS_OK;
	}
	struct statement *both[] = { &writer->find_api, &writer->add_api };
	for (int i = 0; i < 2; i++) {
		statement_bind_text(both[i], 1, api_kind_name(api->kind));
		statement_bind_text(both[i], 2, arch_name(api->arch));
		statement_bind_integer(both[i], 3, api->number);
		statement_bind_integer(both[i], 4, (int64_t)api->value);
		statement_bind_text(both[i], 5, api->name);
	}
	enum status status = find_or_add(both[0], both[1], out_id, err);
	if (status == STATUS_OK) {
		*known = (struct known_api){ *api, *out_id };
		known->api.name = arena_string(&writer->arena, api->name);
	}
	return status;
}

static enum status put_evidence(struct package_writer *writer, const struct package_use *use,
				int64_t *out_id, struct error *err)
{
	if (use->chain == NULL && writer->program != NULL &&
	    strcmp(writer->program, use->program) == 0) {
		*out_id = writer->evidence;
		return STATUS_OK;
	}
	struct statement *both[] = { &writer->find_evidence, &writer->add_evidence };
	for (int i = 0; i < 2; i++) {
		statement_bind_text(both[i], 1, use->program);
		statement_bind_text(both[i], 2, use->chain);
	}
	enum status status = find_or_add(both[0], both[1], out_id, err);
	if (status == STATUS_OK && use->chain == NULL) {
		writer->program = use->program;
		writer->evidence = *out_id;
	}
	return status;
}

static enum status put_use(struct package_writer *writer, int64_t package,
			   const struct package_use *use, struct error *err)
{
	int64_t api = 0, evidence = 0;
	enum status status = put_api(writer, &use->api, &api, err);
	if (status == STATUS_OK)
		status = put_evidence(writer, use, &evidence, err);
	if (status != STATUS_OK)
		return status;
	statement_bind_integer(&writer->use, 1, package);
	statement_bind_integer(&writer->use, 2, api);
	statement_bind_text(&writer->use, 3, certainty_name(use->certainty));
	statement_bind_integer(&writer->use, 4, evidence);
	return statement_run(&writer->use, err);
}

enum status store_packages_put(struct package_writer *writer, const struct package_facts *facts,
			       struct error *err)
{
	const struct package *package = &facts->package;
	const char *arch = package->arch == NULL ? "" : package->arch;
	struct statement *forget = &writer->forget;
	writer->program = NULL; /* it was the caller's */
	statement_bind_text(forget, 1, writer->title);
	statement_bind_text(forget, 2, package->name);
	statement_bind_text(forget, 3, package->version);
	statement_bind_text(forget, 4, arch);
	enum status status = statement_run(forget, err);
	if (status != STATUS_OK)
		return status;
	const char *const texts[] = { package->name,
				      package->version,
				      arch,
				      package->section,
				      package->maintainer,
				      package->depends,
				      package->provides,
				      package_state_name(facts->state),
				      facts->problem };
	const uint32_t numbers[] = { facts->program_count, facts->library_count,
				     facts->script_count, facts->unresolved_count };
	struct statement *insert = &writer->package;
	statement_bind_integer(insert, 1, writer->source);
	for (int i = 0; i < 9; i++)
		statement_bind_text(insert, 2 + i, texts[i]);
	for (int i = 0; i < 4; i++)
		statement_bind_integer(insert, 11 + i, numbers[i]);
	status = statement_run(insert, err);
	int64_t id = sqlite3_last_insert_rowid(writer->store->handle);
	for (size_t i = 0; i < facts->use_count && status == STATUS_OK; i++)
		status = put_use(writer, id, &facts->uses[i], err);
	return status;
}

/* What no package refers to any more. */
static enum status sweep(struct store *store, struct error *err)
{
	enum status status =
	    database_execute(store,
			     "DELETE FROM evidence WHERE id NOT IN"
			     " (SELECT evidence FROM package_api);"
			     "DELETE FROM api WHERE id NOT IN (SELECT api FROM package_api)",
			     err);
	return status == STATUS_OK ? source_sweep(store, err) : status;
}

enum status store_packages_digest(struct package_writer *writer, struct slice digest,
				  struct error *err)
{
	bool row;
	return run_with_title(writer->store,
			      "INSERT INTO package_digest (title, digest) VALUES (?1, ?2)",
			      writer->title, digest, &row, err);
}

enum status store_packages_end(struct package_writer *writer, enum status status, struct error *err)
{
	struct store *store = writer->store;
	statement_finish(&writer->forget);
	statement_finish(&writer->package);
	statement_finish(&writer->find_api);
	statement_finish(&writer->add_api);
	statement_finish(&writer->find_evidence);
	statement_finish(&writer->add_evidence);
	statement_finish(&writer->use);
	arena_finish(&writer->arena);
	free(writer);
	if (status == STATUS_OK)
		status = sweep(store, err);
	return database_end(store, status, err);
}

/* ---- reading ---- */

struct loading {
	struct store *store;
	struct arena *arena;
	struct package_facts *packages;
	struct source *sources;
	struct api *apis;
	struct stored_use *uses;
	size_t package_count, api_count, use_count;
	int64_t *package_ids; /* as loaded */
	int64_t *api_ids;
};

static enum status load_package(struct statement *select, struct loading *loading, size_t i,
				struct error *err)
{
	struct arena *arena = loading->arena;
	struct package_facts *facts = &loading->packages[i];
	const char *word = statement_view(select, 8);
	int state = package_state_from_name(word);
	if (state < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table package: state '%.40s'", word);
	*facts = (struct package_facts){
		.package = { .name = statement_text(select, 1, arena),
			     .version = statement_text(select, 2, arena),
			     .arch = statement_text(select, 3, arena),
			     .section = statement_text(select, 4, arena),
			     .maintainer = statement_text(select, 5, arena),
			     .depends = statement_text(select, 6, arena),
			     .provides = statement_text(select, 7, arena) },
		.state = (enum package_state)state,
		.problem = statement_text(select, 9, arena),
		.program_count = (uint32_t)statement_integer(select, 10),
		.library_count = (uint32_t)statement_integer(select, 11),
		.script_count = (uint32_t)statement_integer(select, 12),
		.unresolved_count = (uint32_t)statement_integer(select, 13),
	};
	loading->sources[i] = source_of_row(select, 14, arena);
	loading->package_ids[i] = statement_integer(select, 0);
	return STATUS_OK;
}

static const char select_packages[] =
    "SELECT package.id, name, package.version, arch, section, maintainer, depends, provides, state,"
    " problem, programs, libraries, scripts, unresolved, title, source.version, licence, url"
    " FROM package JOIN source ON source.id = package.source"
    " ORDER BY name, package.version, arch, title, package.id";

static enum status load_api(struct statement *select, struct arena *arena, struct api *out_api,
			    struct error *err)
{
	int kind = api_kind_from_name(statement_view(select, 1));
	int arch = arch_from_name(statement_view(select, 2));
	if (kind < 0 || arch == ARCH_UNKNOWN)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "table api: unknown kind or arch in row %" PRId64,
				 statement_integer(select, 0));
	*out_api = (struct api){ .kind = (enum api_kind)kind,
				 .arch = (enum arch)arch,
				 .number = (uint32_t)statement_integer(select, 3),
				 .value = (uint64_t)statement_integer(select, 4),
				 .name = statement_text(select, 5, arena) };
	return STATUS_OK;
}

/* ---- one after the other, each counted first, in one reading transaction ---- */

static enum status load_packages(struct loading *loading, struct error *err)
{
	struct statement select;
	int64_t count = 0;
	bool row = true;
	enum status status =
	    database_integer(loading->store, "SELECT count(*) FROM package", &count, err);
	if (status != STATUS_OK)
		return status;
	loading->packages = arena_alloc(loading->arena, (size_t)count, sizeof(*loading->packages));
	loading->sources = arena_alloc(loading->arena, (size_t)count, sizeof(*loading->sources));
	loading->package_ids =
	    arena_alloc(loading->arena, (size_t)count, sizeof(*loading->package_ids));
	status = statement_prepare(&select, loading->store, select_packages, err);
	while (status == STATUS_OK && loading->package_count < (size_t)count) {
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		status = load_package(&select, loading, loading->package_count++, err);
	}
	statement_finish(&select);
	return status;
}

struct numbered_api {
	struct api api;
	int64_t id;
};

static int compare_apis(const void *left, const void *right)
{
	const struct numbered_api *a = left;
	const struct numbered_api *b = right;
	return api_compare(&a->api, &b->api);
}

static enum status load_apis(struct loading *loading, enum api_kind kind, struct error *err)
{
	struct statement select;
	struct numbered_api *apis = NULL;
	size_t capacity = 0;
	bool row = true;
	loading->api_count = 0;
	enum status status = statement_prepare(
	    &select, loading->store, "SELECT id, kind, arch, number, value, name FROM api", err);
	while (status == STATUS_OK) {
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		if (loading->api_count == capacity)
			apis = arena_grow(loading->arena, apis, loading->api_count, sizeof(*apis),
					  &capacity);
		struct numbered_api *api = &apis[loading->api_count];
		status = load_api(&select, loading->arena, &api->api, err);
		api->id = statement_integer(&select, 0);
		loading->api_count += kind == API_KIND_COUNT || api->api.kind == kind;
	}
	statement_finish(&select);
	if (loading->api_count > 1)
		qsort(apis, loading->api_count, sizeof(*apis), compare_apis);
	loading->apis = arena_alloc(loading->arena, loading->api_count, sizeof(*loading->apis));
	loading->api_ids =
	    arena_alloc(loading->arena, loading->api_count, sizeof(*loading->api_ids));
	for (size_t i = 0; i < loading->api_count; i++) {
		loading->apis[i] = apis[i].api;
		loading->api_ids[i] = apis[i].id;
	}
	return status;
}

/* Where each id of a table stands among those loaded; UINT32_MAX: it was not. */
static uint32_t *index_of_ids(struct arena *arena, const int64_t *ids, size_t count,
			      size_t *out_limit)
{
	int64_t limit = 0;
	for (size_t i = 0; i < count; i++)
		limit = ids[i] >= limit ? ids[i] + 1 : limit;
	uint32_t *index = arena_alloc(arena, (size_t)limit, sizeof(*index));
	memset(index, 0xff, (size_t)limit * sizeof(*index));
	for (size_t i = 0; i < count; i++)
		index[ids[i]] = (uint32_t)i;
	*out_limit = (size_t)limit;
	return index;
}

static int compare_uses(const void *left, const void *right)
{
	const struct stored_use *a = left;
	const struct stored_use *b = right;
	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	return a->api == b->api ? 0 : a->api < b->api ? -1 : 1;
}

static enum status load_uses(struct loading *loading, struct error *err)
{
	struct statement select;
	struct arena scratch = { 0 };
	size_t package_limit;
	size_t api_limit;
	int64_t count = 0;
	bool row = true;
	const uint32_t *packages =
	    index_of_ids(&scratch, loading->package_ids, loading->package_count, &package_limit);
	const uint32_t *apis =
	    index_of_ids(&scratch, loading->api_ids, loading->api_count, &api_limit);
	enum status status =
	    database_integer(loading->store, "SELECT count(*) FROM package_api", &count, err);
	if (status == STATUS_OK) {
		loading->uses = arena_alloc(loading->arena, (size_t)count, sizeof(*loading->uses));
		status = statement_prepare(&select, loading->store,
					   "SELECT package, api, certainty FROM package_api", err);
		while (status == STATUS_OK && loading->use_count < (size_t)count) {
			status = statement_next(&select, &row, err);
			if (status != STATUS_OK || !row)
				break;
			uint64_t package = (uint64_t)statement_integer(&select, 0);
			uint64_t api = (uint64_t)statement_integer(&select, 1);
			int certainty = certainty_from_name(statement_view(&select, 2));
			if (package >= package_limit || api >= api_limit || certainty < 0 ||
			    apis[api] == UINT32_MAX)
				continue;
			loading->uses[loading->use_count++] =
			    (struct stored_use){ packages[package], apis[api],
						 (enum certainty)certainty };
		}
		statement_finish(&select);
	}
	if (loading->use_count > 1)
		qsort(loading->uses, loading->use_count, sizeof(*loading->uses), compare_uses);
	arena_finish(&scratch);
	return status;
}

enum status store_load_packages(struct store *store, enum api_kind kind, struct arena *arena,
				struct stored_packages *out_packages, struct error *err)
{
	struct loading loading = { .store = store, .arena = arena };
	enum status status = database_begin_reading(store, err);
	if (status != STATUS_OK)
		return status;
	status = load_packages(&loading, err);
	if (status == STATUS_OK)
		status = load_apis(&loading, kind, err);
	if (status == STATUS_OK)
		status = load_uses(&loading, err);
	status = database_end(store, status, err);
	if (status == STATUS_OK)
		*out_packages = (struct stored_packages){ loading.packages,      loading.sources,
							  loading.package_count, loading.apis,
							  loading.api_count,     loading.uses,
							  loading.use_count };
	return status;
}

static const char select_users[] =
    "SELECT package.name, package.version, certainty, program, chain FROM package_api"
    " JOIN package ON package.id = package_api.package"
    " JOIN evidence ON evidence.id = package_api.evidence"
    " WHERE api IN (SELECT id FROM api WHERE kind = ?1 AND arch = ?2 AND number = ?3"
    " AND value = ?4 AND name = ?5)"
    " ORDER BY package.name, package.version, package.arch, program";

enum status store_find_users(struct store *store, const struct api *api, struct arena *arena,
			     const struct api_user **out_users, size_t *out_count,
			     struct error *err)
{
	struct statement select;
	struct api_user *users = NULL;
	size_t count = 0;
	size_t capacity = 0;
	bool row = true;
	enum status status = statement_prepare(&select, store, select_users, err);
	if (status == STATUS_OK) {
		statement_bind_text(&select, 1, api_kind_name(api->kind));
		statement_bind_text(&select, 2, arch_name(api->arch));
		statement_bind_integer(&select, 3, api->number);
		statement_bind_integer(&select, 4, (int64_t)api->value);
		statement_bind_text(&select, 5, api->name);
	}
	while (status == STATUS_OK) {
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		int certainty = certainty_from_name(statement_view(&select, 2));
		if (count == capacity)
			users = arena_grow(arena, users, count, sizeof(*users), &capacity);
		users[count++] = (struct api_user){
			.package = statement_text(&select, 0, arena),
			.version = statement_text(&select, 1, arena),
			.certainty = certainty < 0 ? CERTAINTY_PLUGIN : (enum certainty)certainty,
			.program = statement_text(&select, 3, arena),
			.chain = statement_text(&select, 4, arena),
		};
	}
	statement_finish(&select);
	*out_users = users;
	*out_count = count;
	return status;
}

static const char select_all_uses[] =
    "SELECT api.id, kind, api.arch, number, value, api.name, package.name, package.version,"
    " package.arch, certainty, program, chain FROM package_api"
    " JOIN package ON package.id = package_api.package"
    " JOIN source ON source.id = package.source"
    " JOIN api ON api.id = package_api.api"
    " JOIN evidence ON evidence.id = package_api.evidence"
    " ORDER BY package.name, package.version, package.arch, title, package.id, kind, api.arch,"
    " number, value, api.name";

enum status store_walk_uses(struct store *store,
			    void (*take)(void *context, const struct package *package,
					 const struct package_use *use),
			    void *context, struct error *err)
{
	struct statement select;
	bool row = true;
	enum status status = statement_prepare(&select, store, select_all_uses, err);
	while (status == STATUS_OK) {
		struct arena arena = { 0 };
		struct package_use use = { 0 };
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		status = load_api(&select, &arena, &use.api, err);
		const struct package package = { .name = statement_text(&select, 6, &arena),
						 .version = statement_text(&select, 7, &arena),
						 .arch = statement_text(&select, 8, &arena) };
		int certainty = certainty_from_name(statement_view(&select, 9));
		use.certainty = certainty < 0 ? CERTAINTY_PLUGIN : (enum certainty)certainty;
		use.program = statement_text(&select, 10, &arena);
		use.chain = statement_text(&select, 11, &arena);
		if (status == STATUS_OK)
			take(context, &package, &use);
		arena_finish(&arena);
	}
	statement_finish(&select);
	return status;
}
