#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/packages.h"
#include "cli/stored.h"

/* Who uses an API, from the store. */

struct popular_user {
	const struct api_user *user;
	double probability; /* -1: not listed */
};

static int compare_popular(const void *left, const void *right)
{
	const struct popular_user *a = left;
	const struct popular_user *b = right;
	if (a->probability != b->probability)
		return a->probability > b->probability ? -1 : 1;
	int order = strcmp(a->user->package, b->user->package);
	return order != 0 ? order : strcmp(a->user->version, b->user->version);
}

static void write_users(const struct popular_user *users, size_t count, bool main,
			struct writer *writer)
{
	static const struct column columns[] = {
		{ "package", "Package", COLUMN_TEXT },
		{ "version", "Version", COLUMN_TEXT },
		{ "installed", "Installed on, percent", COLUMN_NUMBER },
		{ "certainty", "Certainty", COLUMN_TEXT },
		{ "program", "By way of", COLUMN_TEXT },
		{ "chain", "Calls", COLUMN_TEXT },
	};
	writer_table_begin(writer, "users", "Packages that can use it, most installed first",
			   columns, 6, main);
	for (size_t i = 0; i < count; i++) {
		const struct api_user *user = users[i].user;
		writer_cell_text(writer, user->package);
		writer_cell_text(writer, user->version);
		writer_cell_real(writer,
				 users[i].probability < 0 ? NAN : 100 * users[i].probability, 2);
		writer_cell_text(writer, certainty_name(user->certainty));
		writer_cell_text(writer, user->program);
		writer_cell_text(writer, user->chain);
	}
	writer_table_end(writer);
}

static int find_users(struct facts *facts, const struct api *api, const struct api_user **out_users,
		      size_t *out_count, struct popularity *out_popularity)
{
	struct store *store;
	struct error err;
	*out_count = 0;
	int code = stored_open(facts->arguments, STORE_READ, &store);
	if (code != EXIT_DONE || store == NULL)
		return code;
	if (store_find_users(store, api, &facts->arena, out_users, out_count, &err) != STATUS_OK)
		code = stored_report(facts->arguments, &err);
	if (code == EXIT_DONE)
		code = packages_load_popularity(facts, store, out_popularity);
	store_close(store);
	return code;
}

int packages_describe_users(struct facts *facts, const struct api *api, bool main,
			    struct writer *writer)
{
	struct packages packages;
	const struct api_user *users = NULL;
	struct popularity popularity = { 0 };
	size_t count;
	int code;
	if (!packages_begin_section(facts, &packages, writer, &code))
		return code;
	code = find_users(facts, api, &users, &count, &popularity);
	if (code != EXIT_DONE)
		return code;
	struct popular_user *popular = arena_alloc(&facts->arena, count, sizeof(*popular));
	for (size_t i = 0; i < count; i++)
		popular[i] = (struct popular_user){ &users[i],
						    popularity_of(&popularity, users[i].package) };
	if (count > 1)
		qsort(popular, count, sizeof(*popular), compare_popular);
	writer_integer(writer, "used", NULL, (int64_t)count);
	writer_share(writer, NULL, "Packages that can use it", count, packages.row_count);
	writer_integer(writer, "of_packages", NULL, (int64_t)packages.row_count);
	writer_text(writer, "popularity", "Popularity", popularity.source.title);
	writer_bool(writer, "popularity_is_estimate", "It is an estimate, not counts",
		    popularity.estimate);
	write_users(popular, count, main, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}
