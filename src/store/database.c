#include "store/database.h"

#include <string.h>

static enum status status_of(int code)
{
	switch (code & 0xff) { /* the primary code; the rest says more */
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STATUS_BUSY;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return STATUS_MALFORMED;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return STATUS_DENIED;
	case SQLITE_TOOBIG:
		return STATUS_LIMIT;
	default:
		return STATUS_IO;
	}
}

enum status database_fail(struct store *store, int code, struct error *err)
{
	store->failure_code = code;
	int reason = sqlite3_system_errno(store->handle);
	const char *text = sqlite3_errmsg(store->handle);
	if ((code & 0xff) == SQLITE_BUSY)
		text = "another process keeps the store locked";
	if ((code & 0xff) == SQLITE_CORRUPT)
		text = "the store is damaged: database disk image is malformed";
	if (status_of(code) == STATUS_IO && reason != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s: %s", text, strerror(reason));
	return error_set(err, status_of(code), ERROR_NO_OFF, "%s", text);
}

enum status database_execute(struct store *store, const char *sql, struct error *err)
{
	int code = sqlite3_exec(store->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? STATUS_OK : database_fail(store, code, err);
}

enum status database_integer(struct store *store, const char *sql, int64_t *out_value,
			     struct error *err)
{
	struct statement statement;
	enum status status = statement_prepare(&statement, store, sql, err);
	bool row = false;
	if (status == STATUS_OK)
		status = statement_next(&statement, &row, err);
	if (status == STATUS_OK)
		*out_value = row ? statement_integer(&statement, 0) : 0;
	statement_finish(&statement);
	return status;
}

enum status database_begin_reading(struct store *store, struct error *err)
{
	return database_execute(store, "BEGIN", err);
}

enum status database_begin(struct store *store, struct error *err)
{
	return database_execute(store, "BEGIN IMMEDIATE", err);
}

enum status database_end(struct store *store, enum status status, struct error *err)
{
	if (status == STATUS_OK)
		status = database_execute(store, "COMMIT", err);
	/* Some failures have already rolled back; then there is nothing left to take back. */
	if (status != STATUS_OK && sqlite3_get_autocommit(store->handle) == 0)
		(void)sqlite3_exec(store->handle, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

enum status statement_prepare(struct statement *statement, struct store *store, const char *sql,
			      struct error *err)
{
	*statement = (struct statement){ .store = store };
	int code = sqlite3_prepare_v2(store->handle, sql, -1, &statement->handle, NULL);
	return code == SQLITE_OK ? STATUS_OK : database_fail(store, code, err);
}

void statement_finish(struct statement *statement)
{
	(void)sqlite3_finalize(statement->handle); /* repeats the last failure */
	*statement = (struct statement){ 0 };
}

static void keep_failure(struct statement *statement, int code)
{
	if (statement->failure == SQLITE_OK)
		statement->failure = code;
}

void statement_bind_text(struct statement *statement, int index, const char *text)
{
	keep_failure(statement,
		     sqlite3_bind_text(statement->handle, index, text, -1, SQLITE_STATIC));
}

void statement_bind_bytes(struct statement *statement, int index, struct slice bytes)
{
	keep_failure(statement,
		     sqlite3_bind_blob64(statement->handle, index,
					 bytes.bytes == NULL ? "" : (const char *)bytes.bytes,
					 bytes.size_bytes, SQLITE_STATIC));
}

void statement_bind_integer(struct statement *statement, int index, int64_t value)
{
	keep_failure(statement, sqlite3_bind_int64(statement->handle, index, value));
}

enum status statement_next(struct statement *statement, bool *out_row, struct error *err)
{
	int code = statement->failure;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement->handle);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return database_fail(statement->store, code, err);
	*out_row = code == SQLITE_ROW;
	return STATUS_OK;
}

enum status statement_run(struct statement *statement, struct error *err)
{
	bool row;
	enum status status = statement_next(statement, &row, err);
	statement_rewind(statement);
	return status;
}

void statement_rewind(struct statement *statement)
{
	(void)sqlite3_reset(statement->handle); /* its failure was reported when it happened */
}

const char *statement_view(struct statement *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement->handle, column);
	return text == NULL ? "" : (const char *)text;
}

const char *statement_text(struct statement *statement, int column, struct arena *arena)
{
	const unsigned char *text = sqlite3_column_text(statement->handle, column);
	return text == NULL ? NULL : arena_string(arena, (const char *)text);
}

int64_t statement_integer(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

struct slice statement_bytes(struct statement *statement, int column, struct arena *arena)
{
	const void *bytes = sqlite3_column_blob(statement->handle, column);
	size_t size_bytes = (size_t)sqlite3_column_bytes(statement->handle, column);
	return (struct slice){ arena_copy(arena, bytes, size_bytes, 1), size_bytes };
}
