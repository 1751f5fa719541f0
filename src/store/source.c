#include "store/database.h"

/* The unique index source_key has the same expressions. */
#define SAME_SOURCE                                                                                \
	"title = ?1 AND ifnull(version, '') = ifnull(?2, '')"                                      \
	" AND ifnull(licence, '') = ifnull(?3, '') AND ifnull(url, '') = ifnull(?4, '')"

static enum status run_with_source(struct store *store, const char *sql,
				   const struct source *source, int64_t *out_id, struct error *err)
{
	struct statement statement;
	bool row = false;
	enum status status = statement_prepare(&statement, store, sql, err);
	if (status == STATUS_OK) {
		statement_bind_text(&statement, 1, source->title);
		statement_bind_text(&statement, 2, source->version);
		statement_bind_text(&statement, 3, source->licence);
		statement_bind_text(&statement, 4, source->url);
		status = statement_next(&statement, &row, err);
	}
	if (status == STATUS_OK && row)
		*out_id = statement_integer(&statement, 0);
	statement_finish(&statement);
	return status;
}

enum status source_insert(struct store *store, const struct source *source, int64_t *out_id,
			  struct error *err)
{
	enum status status =
	    run_with_source(store,
			    "INSERT OR IGNORE INTO source (title, version, licence, url)"
			    " VALUES (?1, ?2, ?3, ?4)",
			    source, out_id, err);
	if (status != STATUS_OK)
		return status;
	return run_with_source(store, "SELECT id FROM source WHERE " SAME_SOURCE, source, out_id,
			       err);
}

enum status source_sweep(struct store *store, struct error *err)
{
	/* A table of a later schema that refers to sources is named here, too. */
	return database_execute(store,
				"DELETE FROM source WHERE id NOT IN (SELECT source FROM layer)"
				" AND id NOT IN (SELECT source FROM workload)"
				" AND id NOT IN (SELECT source FROM package)"
				" AND id NOT IN (SELECT source FROM popularity_source)",
				err);
}

struct source source_of_row(struct statement *statement, int first_column, struct arena *arena)
{
	return (struct source){
		.title = statement_text(statement, first_column, arena),
		.version = statement_text(statement, first_column + 1, arena),
		.licence = statement_text(statement, first_column + 2, arena),
		.url = statement_text(statement, first_column + 3, arena),
	};
}
