#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * The user's own facts in one SQLite file. Shipped facts are not in it: they are in the program.
 *
 * One writer at a time, readers beside it (WAL). Every change is one transaction: after a full
 * disk, a kill or a power cut the file holds what it held before, or everything of the change.
 *
 * To add a table: write its SQL as a constant in its own file (src/store/<facts>.c, declared in
 * store/schema.h), append it to store_migrations in schema.c, and put its functions in
 * src/store/<facts>.h with the helpers of store/database.h. A migration that was released is
 * never changed.
 */
struct store;

enum store_access { STORE_READ, STORE_WRITE };

/*
 * access      STORE_READ: creates nothing, and leaves no file behind; a store of an older schema
 *             is migrated when it may be written. STORE_WRITE: makes the file when there is none
 * out_store   owned by the caller, until store_close
 * returns     STATUS_NOT_FOUND: STORE_READ, and there is no file, or one that holds nothing yet
 *             STATUS_UNSUPPORTED: written by a newer sysgap, or by another program
 *             STATUS_MALFORMED: not a database, or a damaged one
 *             STATUS_IO, STATUS_DENIED, STATUS_BUSY: as the words say
 */
enum status store_open(const char *path, enum store_access access, struct store **out_store,
		       struct error *err) __attribute__((warn_unused_result, nonnull));
void store_close(struct store *store); /* NULL is fine */

/*
 * $XDG_DATA_HOME/sysgap/sysgap.db, or ~/.local/share/sysgap/sysgap.db, in the arena; NULL when
 * neither variable is set. Source: XDG Base Directory Specification 0.8.
 */
const char *store_default_path(struct arena *arena);

/* Reads every page; STATUS_MALFORMED with the first thing that is wrong. */
enum status store_check(struct store *store, struct error *err)
    __attribute__((warn_unused_result, nonnull));
