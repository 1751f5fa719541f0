/* Trials and finer answers of explorations <-> their tables. */
#include "store/trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/database.h"
#include "store/schema.h"

const char schema_trial[] =
    "CREATE TABLE trial ("
    " definition TEXT NOT NULL,"
    " rules TEXT NOT NULL,"
    " replica INTEGER NOT NULL,"
    " ended TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " metric TEXT,"
    " entered TEXT,"
    " skipped TEXT,"
    " last_skipped INTEGER NOT NULL,"
    " output_hash TEXT NOT NULL," /* 64 bits without a sign: not an INTEGER of SQLite's */
    " wall_ns INTEGER NOT NULL,"
    " test_ns INTEGER NOT NULL,"
    " total_ns INTEGER NOT NULL,"
    " peak_bytes INTEGER NOT NULL,"
    " descriptor_count INTEGER NOT NULL,"
    " crash_count INTEGER NOT NULL,"
    " PRIMARY KEY (definition, rules, replica)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE answer ("
    " application TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " part TEXT NOT NULL,"
    " answer TEXT NOT NULL,"
    " result TEXT NOT NULL,"
    " reason TEXT,"
    " PRIMARY KEY (application, name, part, answer)) STRICT, WITHOUT ROWID;";

enum status store_relax(struct store *store, struct error *err)
{
	return database_execute(store, "PRAGMA synchronous = NORMAL", err);
}

static void bind_key(struct statement *statement, const struct stored_trial_key *key)
{
	statement_bind_text(statement, 1, key->definition);
	statement_bind_text(statement, 2, key->rules);
	statement_bind_integer(statement, 3, key->replica);
}

enum status store_put_trial(struct store *store, const struct stored_trial_key *key,
			    const struct stored_trial *trial, struct error *err)
{
	struct statement insert = { 0 };
	char hash[24];
	enum status status = statement_prepare(
	    &insert, store,
	    "INSERT OR REPLACE INTO trial (definition, rules, replica, ended, reason, metric,"
	    " entered, skipped, last_skipped, output_hash, wall_ns, test_ns, total_ns, peak_bytes,"
	    " descriptor_count, crash_count)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	    err);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, trial->output_hash);
	bind_key(&insert, key);
	statement_bind_text(&insert, 4, trial->ended);
	statement_bind_text(&insert, 5, trial->reason);
	statement_bind_text(&insert, 6, trial->metric);
	statement_bind_text(&insert, 7, trial->entered);
	statement_bind_text(&insert, 8, trial->skipped);
	statement_bind_integer(&insert, 9, trial->last_skipped);
	statement_bind_text(&insert, 10, hash);
	const uint64_t numbers[] = {
		trial->wall_ns,    trial->test_ns,          trial->total_ns,
		trial->peak_bytes, trial->descriptor_count, trial->crash_count
	};
	for (int i = 0; i < 6; i++)
		statement_bind_integer(&insert, 11 + i, (int64_t)numbers[i]);
	status = statement_run(&insert, err);
	statement_finish(&insert);
	return status;
}

static struct stored_trial trial_of_row(struct statement *select, struct arena *arena)
{
	return (struct stored_trial){
		.ended = statement_text(select, 0, arena),
		.reason = statement_text(select, 1, arena),
		.metric = statement_text(select, 2, arena),
		.entered = statement_text(select, 3, arena),
		.skipped = statement_text(select, 4, arena),
		.last_skipped = statement_integer(select, 5),
		.output_hash = strtoull(statement_view(select, 6), NULL, 16),
		.wall_ns = (uint64_t)statement_integer(select, 7),
		.test_ns = (uint64_t)statement_integer(select, 8),
		.total_ns = (uint64_t)statement_integer(select, 9),
		.peak_bytes = (uint64_t)statement_integer(select, 10),
		.descriptor_count = (uint32_t)statement_integer(select, 11),
		.crash_count = (uint32_t)statement_integer(select, 12),
	};
}

enum status store_find_trial(struct store *store, const struct stored_trial_key *key,
			     struct arena *arena, struct stored_trial *out_trial, bool *out_found,
			     struct error *err)
{
	struct statement select = { 0 };
	bool row = false;
	enum status status = statement_prepare(
	    &select, store,
	    "SELECT ended, reason, metric, entered, skipped, last_skipped, output_hash, wall_ns,"
	    " test_ns, total_ns, peak_bytes, descriptor_count, crash_count FROM trial"
	    " WHERE definition = ?1 AND rules = ?2 AND replica = ?3",
	    err);
	if (status == STATUS_OK) {
		bind_key(&select, key);
		status = statement_next(&select, &row, err);
	}
	if (status == STATUS_OK && row)
		*out_trial = trial_of_row(&select, arena);
	if (status == STATUS_OK)
		*out_found = row;
	statement_finish(&select);
	return status;
}

/* ---- answers ---- */

static enum status remove_answers(struct store *store, const char *application, const char *name,
				  struct error *err)
{
	struct statement statement = { 0 };
	enum status status = statement_prepare(
	    &statement, store, "DELETE FROM answer WHERE application = ?1 AND name = ?2", err);
	if (status == STATUS_OK) {
		statement_bind_text(&statement, 1, application);
		statement_bind_text(&statement, 2, name);
		status = statement_run(&statement, err);
	}
	statement_finish(&statement);
	return status;
}

static enum status insert_answers(struct store *store, const char *application, const char *name,
				  const struct stored_answer *answers, size_t count,
				  struct error *err)
{
	struct statement insert = { 0 };
	enum status status =
	    statement_prepare(&insert, store,
			      "INSERT INTO answer (application, name, part, answer, result, reason)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			      err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		statement_bind_text(&insert, 1, application);
		statement_bind_text(&insert, 2, name);
		statement_bind_text(&insert, 3, answers[i].part);
		statement_bind_text(&insert, 4, answers[i].answer);
		statement_bind_text(&insert, 5, answers[i].result);
		statement_bind_text(&insert, 6, answers[i].reason);
		status = statement_run(&insert, err);
	}
	statement_finish(&insert);
	return status;
}

enum status store_replace_answers(struct store *store, const char *application, const char *name,
				  const struct stored_answer *answers, size_t count,
				  struct error *err)
{
	enum status status = database_begin(store, err);
	if (status != STATUS_OK)
		return status;
	status = remove_answers(store, application, name, err);
	if (status == STATUS_OK)
		status = insert_answers(store, application, name, answers, count, err);
	return database_end(store, status, err);
}

enum status store_load_answers(struct store *store, const char *application, const char *name,
			       struct arena *arena, const struct stored_answer **out_answers,
			       size_t *out_count, struct error *err)
{
	struct statement select = { 0 };
	struct stored_answer *answers = NULL;
	size_t count = 0;
	size_t capacity = 0;
	bool row = true;
	enum status status =
	    statement_prepare(&select, store,
			      "SELECT part, answer, result, reason FROM answer"
			      " WHERE application = ?1 AND name = ?2 ORDER BY part, answer",
			      err);
	if (status == STATUS_OK) {
		statement_bind_text(&select, 1, application);
		statement_bind_text(&select, 2, name);
	}
	while (status == STATUS_OK && row) {
		status = statement_next(&select, &row, err);
		if (status != STATUS_OK || !row)
			break;
		if (count == capacity)
			answers = arena_grow(arena, answers, count, sizeof(*answers), &capacity);
		answers[count++] = (struct stored_answer){ statement_text(&select, 0, arena),
							   statement_text(&select, 1, arena),
							   statement_text(&select, 2, arena),
							   statement_text(&select, 3, arena) };
	}
	statement_finish(&select);
	if (status == STATUS_OK) {
		*out_answers = answers;
		*out_count = count;
	}
	return status;
}
