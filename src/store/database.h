#pragma once

#include <sqlite3.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "facts/source.h"

/*
 * SQLite with our errors; for the files of this folder only. Failures of binding stick to the
 * statement and come up when it runs.
 */
struct store {
	sqlite3 *handle;  /* owned */
	int failure_code; /* SQLite's, of the last call that failed */
};

struct statement {
	struct store *store;  /* borrowed */
	sqlite3_stmt *handle; /* owned */
	int failure;          /* of a bind; SQLITE_OK */
};

/* SQLite's result code as one of ours; the text is SQLite's, with the system's reason. */
enum status database_fail(struct store *store, int code, struct error *err);

enum status database_execute(struct store *store, const char *sql, struct error *err)
    __attribute__((warn_unused_result));

/* The first column of the first row; 0 when there is no row. */
enum status database_integer(struct store *store, const char *sql, int64_t *out_value,
			     struct error *err) __attribute__((warn_unused_result));

/* A consistent view of several reads; the same end as a change. */
enum status database_begin_reading(struct store *store, struct error *err)
    __attribute__((warn_unused_result));

/* A change: begin waits for another writer; end commits when status is OK, else takes it back. */
enum status database_begin(struct store *store, struct error *err)
    __attribute__((warn_unused_result));
enum status database_end(struct store *store, enum status status, struct error *err);

enum status statement_prepare(struct statement *statement, struct store *store, const char *sql,
			      struct error *err) __attribute__((warn_unused_result));
void statement_finish(struct statement *statement); /* a zeroed one is fine */

/* index from 1; text is borrowed until the statement runs, NULL is SQL's NULL */
void statement_bind_text(struct statement *statement, int index, const char *text);
void statement_bind_bytes(struct statement *statement, int index, struct slice bytes);
void statement_bind_integer(struct statement *statement, int index, int64_t value);

/* Runs a statement without rows, and makes it ready to run again. */
enum status statement_run(struct statement *statement, struct error *err)
    __attribute__((warn_unused_result));

/* Goes to the next row; *out_row is false after the last. */
enum status statement_next(struct statement *statement, bool *out_row, struct error *err)
    __attribute__((warn_unused_result));

/* Makes a statement whose rows were read ready for other values. */
void statement_rewind(struct statement *statement);

/* Columns of the present row, from 0; NULL for SQL's NULL. */
const char *statement_text(struct statement *statement, int column, struct arena *arena); /* copy */
const char *statement_view(struct statement *statement, int column); /* until the next row; never
									NULL: "" instead */
int64_t statement_integer(struct statement *statement, int column);
struct slice statement_bytes(struct statement *statement, int column,
			     struct arena *arena); /* copy */

/* The row of the source, made when there is none. Inside a change. */
enum status source_insert(struct store *store, const struct source *source, int64_t *out_id,
			  struct error *err) __attribute__((warn_unused_result));

/* Forgets sources that no fact refers to any more. Inside a change. */
enum status source_sweep(struct store *store, struct error *err)
    __attribute__((warn_unused_result));

/* Title, version, licence and url from four columns of the present row. */
struct source source_of_row(struct statement *statement, int first_column, struct arena *arena);
