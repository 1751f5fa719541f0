/*
 * Opening a store: checks what the file is before anything is changed in it, and migrates.
 * Source: sqlite.org/wal.html, "Read-Only Databases"; sqlite.org/pragma.html.
 */
#include "store/store.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/database.h"
#include "store/schema.h"

enum { BUSY_TIMEOUT_MS = 30000, BUSY_STEP_US = 20000 };

/* SQLite would wait for a FIFO's other end, and has one message for everything else. */
static enum status check_file(const char *path, bool *out_exists, struct error *err)
{
	struct stat info;
	*out_exists = stat(path, &info) == 0;
	if (!*out_exists && errno != ENOENT)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	if (*out_exists && S_ISDIR(info.st_mode))
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "is a directory");
	if (*out_exists && !S_ISREG(info.st_mode))
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "not a regular file");
	return STATUS_OK;
}

static enum status connect(struct store *store, const char *name, int flags, struct error *err)
{
	int code = sqlite3_open_v2(name, &store->handle,
				   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (code != SQLITE_OK)
		return database_fail(store, code, err);
	(void)sqlite3_busy_timeout(store->handle, BUSY_TIMEOUT_MS);
	/* The file may come from anyone: its schema must not run functions, nor be patched. */
	(void)sqlite3_db_config(store->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return database_execute(store,
				"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
				"PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;",
				err);
}

struct identity {
	int64_t application_id;
	int64_t version; /* of the schema */
	int64_t tables;
};

/* All of one moment, as another process may be making the store. */
static enum status identify(struct store *store, struct identity *out_identity, struct error *err)
{
	struct identity identity;
	enum status status = database_execute(store, "SAVEPOINT identity", err);
	if (status == STATUS_OK)
		status =
		    database_integer(store, "PRAGMA application_id", &identity.application_id, err);
	if (status == STATUS_OK)
		status = database_integer(store, "PRAGMA user_version", &identity.version, err);
	if (status == STATUS_OK)
		status = database_integer(store, "SELECT count(*) FROM sqlite_schema",
					  &identity.tables, err);
	if (status == STATUS_OK)
		status = database_execute(store, "RELEASE identity", err);
	if (status == STATUS_OK)
		*out_identity = identity;
	return status;
}

static bool is_blank(const struct identity *identity)
{
	return identity->application_id == 0 && identity->version == 0 && identity->tables == 0;
}

static enum status check_identity(const struct identity *identity, struct error *err)
{
	if (is_blank(identity))
		return STATUS_OK;
	if (identity->application_id != STORE_APPLICATION_ID || identity->version < 1)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
				 "a database of another program, not a sysgap store");
	if (identity->version > store_migration_count)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
				 "written by a newer sysgap: schema %lld, this program knows %d",
				 (long long)identity->version, store_migration_count);
	return STATUS_OK;
}

static enum status apply_migrations(struct store *store, int64_t version, struct error *err)
{
	enum status status = STATUS_OK;
	for (int64_t i = version; i < store_migration_count && status == STATUS_OK; i++)
		status = database_execute(store, store_migrations[i], err);
	char pragmas[96];
	(void)snprintf(pragmas, sizeof(pragmas),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		       STORE_APPLICATION_ID, store_migration_count);
	return status == STATUS_OK ? database_execute(store, pragmas, err) : status;
}

/* Another process may have migrated since we looked, so the version is read again inside. */
static enum status migrate(struct store *store, struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	struct identity identity;
	status = identify(store, &identity, err);
	if (status == STATUS_OK)
		status = check_identity(&identity, err);
	if (status == STATUS_OK)
		status = apply_migrations(store, identity.version, err);
	return database_end(store, status, err);
}

/* SQLite does not wait when two processes turn WAL on at once, so we do. */
static enum status turn_wal_on(struct store *store, struct error *err)
{
	enum status status;
	for (int waited_ms = 0;; waited_ms += BUSY_STEP_US / 1000) {
		status = database_execute(store, "PRAGMA journal_mode = WAL", err);
		if (status != STATUS_BUSY || waited_ms >= BUSY_TIMEOUT_MS)
			return status;
		(void)usleep(BUSY_STEP_US);
	}
}

static enum status prepare_for_writing(struct store *store, struct error *err)
{
	struct identity identity;
	enum status status = identify(store, &identity, err);
	if (status == STATUS_OK)
		status = check_identity(&identity, err);
	if (status == STATUS_OK)
		status = turn_wal_on(store, err);
	if (status == STATUS_OK && identity.version < store_migration_count)
		status = migrate(store, err);
	return status;
}

static enum status prepare_for_reading(struct store *store, struct error *err)
{
	struct identity identity;
	enum status status = identify(store, &identity, err);
	if (status == STATUS_OK)
		status = check_identity(&identity, err);
	if (status == STATUS_OK && is_blank(&identity))
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "holds nothing yet");
	if (status == STATUS_OK && identity.version < store_migration_count)
		status = migrate(store, err);
	if (status == STATUS_OK)
		status = database_execute(store, "PRAGMA query_only = ON", err);
	return status;
}

/* The path as a file: URI that promises SQLite that nobody writes. */
static enum status format_immutable_uri(const char *path, struct buffer *uri, struct error *err)
{
	char *whole = realpath(path, NULL);
	if (whole == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	buffer_append_string(uri, "file:");
	for (const char *at = whole; *at != '\0'; at++) {
		if (*at == '%' || *at == '?' || *at == '#')
			buffer_printf(uri, "%%%02X", (unsigned)*at);
		else
			buffer_append(uri, at, 1);
	}
	buffer_append_string(uri, "?immutable=1");
	free(whole);
	return STATUS_OK;
}

static bool has_log(const char *path)
{
	struct buffer log = { 0 };
	struct stat info;
	buffer_printf(&log, "%s-wal", path);
	bool has = stat(buffer_string(&log), &info) == 0 && info.st_size > 0;
	buffer_finish(&log);
	return has;
}

/*
 * WAL needs two files beside the store, which a reader makes and takes away again. Where it
 * may not, nobody of this user writes, and the store is read as it is: unless a log was left there,
 * whose changes would be missed.
 */
static enum status open_unwritable(struct store *store, const char *path, struct error *err)
{
	if (has_log(path))
		return error_set(err, STATUS_DENIED, ERROR_NO_OFF,
				 "a writer was interrupted, and the folder is read-only: open the "
				 "store once where it may be written");
	struct buffer uri = { 0 };
	(void)sqlite3_close(store->handle);
	store->handle = NULL;
	enum status status = format_immutable_uri(path, &uri, err);
	if (status == STATUS_OK)
		status = connect(store, buffer_string(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
				 err);
	if (status == STATUS_OK)
		status = prepare_for_reading(store, err);
	buffer_finish(&uri);
	return status;
}

static enum status open_for_reading(struct store *store, const char *path, struct error *err)
{
	enum status status = connect(store, path, SQLITE_OPEN_READWRITE, err);
	if (status == STATUS_OK)
		status = prepare_for_reading(store, err);
	int code = store->failure_code & 0xff;
	if (status != STATUS_OK && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY))
		return open_unwritable(store, path, err);
	return status;
}

/* SQLite tries twice and then knows only why the second try failed. */
static enum status check_folder(const char *path, struct error *err)
{
	char *copy = strdup(path);
	int reason = copy == NULL || access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
	free(copy);
	if (reason != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "cannot be made: %s",
				 strerror(reason));
	return STATUS_OK;
}

static enum status open_for_writing(struct store *store, const char *path, struct error *err)
{
	enum status status = connect(store, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (sqlite3_db_readonly(store->handle, "main") == 1) /* also when connecting failed on it */
		status = error_set(err, STATUS_DENIED, ERROR_NO_OFF, "may not be written");
	return status == STATUS_OK ? prepare_for_writing(store, err) : status;
}

enum status store_open(const char *path, enum store_access access, struct store **out_store,
		       struct error *err)
{
	bool exists;
	enum status status = check_file(path, &exists, err);
	if (status != STATUS_OK)
		return status;
	if (!exists && access == STORE_READ)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no such file");
	if (!exists && check_folder(path, err) != STATUS_OK)
		return err->status;
	struct store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "out of memory");
	status = access == STORE_READ ? open_for_reading(store, path, err)
				      : open_for_writing(store, path, err);
	if (status == STATUS_OK)
		*out_store = store;
	else
		store_close(store);
	return status;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	(void)sqlite3_close(store->handle); /* only a statement left open makes it fail */
	free(store);
}

const char *store_default_path(struct arena *arena)
{
	const char *home = getenv("XDG_DATA_HOME");
	if (home != NULL && home[0] == '/') /* the specification ignores relative ones */
		return arena_printf(arena, "%s/sysgap/sysgap.db", home);
	home = getenv("HOME");
	if (home == NULL || home[0] == '\0')
		return NULL;
	return arena_printf(arena, "%s/.local/share/sysgap/sysgap.db", home);
}

enum status store_check(struct store *store, struct error *err)
{
	struct statement statement;
	bool row = false;
	enum status status = statement_prepare(&statement, store, "PRAGMA integrity_check(1)", err);
	if (status == STATUS_OK)
		status = statement_next(&statement, &row, err);
	if (status == STATUS_OK && row) {
		const char *answer = (const char *)sqlite3_column_text(statement.handle, 0);
		if (answer == NULL || strcmp(answer, "ok") != 0)
			status = error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "%s",
					   answer == NULL ? "no answer" : answer);
	}
	statement_finish(&statement);
	return status;
}
