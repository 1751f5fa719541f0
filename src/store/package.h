#pragma once

#include "facts/package.h"
#include "facts/popularity.h"
#include "store/store.h"

/* ---- writing the facts of packages ---- */

struct package_writer; /* opaque; one change of the store */

/*
 * replace   true: forgets all packages of this source's title first; else each package only takes
 *           the place of the one with the same source title, name, version and architecture
 */
enum status store_packages_begin(struct store *store, const struct source *source, bool replace,
				 struct package_writer **out_writer, struct error *err)
    __attribute__((warn_unused_result, nonnull));
enum status store_packages_put(struct package_writer *writer, const struct package_facts *facts,
			       struct error *err) __attribute__((warn_unused_result, nonnull));

/* What stands for all packages of this change; once, behind the last of them. */
enum status store_packages_digest(struct package_writer *writer, struct slice digest,
				  struct error *err) __attribute__((warn_unused_result, nonnull));

/* Ends the change and the writer: commits when status is OK, else takes everything back. */
enum status store_packages_end(struct package_writer *writer, enum status status, struct error *err)
    __attribute__((nonnull));

/* Whether the last change put those packages of the source that a digest stands for. */
bool store_packages_are(struct store *store, const struct source *source, struct slice digest)
    __attribute__((nonnull));

/* ---- reading them ---- */

/* A use of one of the loaded packages, by index; evidence is asked for apart. */
struct stored_use {
	uint32_t package;
	uint32_t api;
	enum certainty certainty;
};

/* All packages: several sources may have one of the same name. */
struct stored_packages {
	const struct package_facts *packages; /* by name, version, arch; without uses */
	const struct source *sources;         /* one per package */
	size_t package_count;
	const struct api *apis; /* ascending */
	size_t api_count;
	const struct stored_use *uses; /* by package, then api */
	size_t use_count;
};

/* Everything in the arena. kind: only uses of this kind, or API_KIND_COUNT for all. */
enum status store_load_packages(struct store *store, enum api_kind kind, struct arena *arena,
				struct stored_packages *out_packages, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* A package that uses an API, with the evidence. */
struct api_user {
	const char *package;
	const char *version;
	enum certainty certainty;
	const char *program;
	const char *chain; /* NULL: none */
};

/* By package and version; in the arena. */
enum status store_find_users(struct store *store, const struct api *api, struct arena *arena,
			     const struct api_user **out_users, size_t *out_count,
			     struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * Every use with its evidence, to a function: packages as store_load_packages sorts them, APIs in
 * the order of api_compare but for kinds, which are by name. Strings last as long as the call.
 */
enum status store_walk_uses(struct store *store,
			    void (*take)(void *context, const struct package *package,
					 const struct package_use *use),
			    void *context, struct error *err)
    __attribute__((warn_unused_result, nonnull(1, 2, 4)));

/* ---- what a survey keeps, to do nothing twice ---- */

enum survey_table { SURVEY_INPUT, SURVEY_PROGRAM };

/* Commits by itself now and then is the caller's: begin and end a batch. */
enum status store_survey_begin(struct store *store, struct error *err)
    __attribute__((warn_unused_result));
enum status store_survey_end(struct store *store, enum status status, struct error *err);
enum status store_survey_put(struct store *store, enum survey_table table, struct slice key,
			     struct slice value, struct error *err)
    __attribute__((warn_unused_result));

/* STATUS_NOT_FOUND when there is none; the value is in the arena. */
enum status store_survey_get(struct store *store, enum survey_table table, struct slice key,
			     struct arena *arena, struct slice *out_value, struct error *err)
    __attribute__((warn_unused_result));

/* Takes over everything that another store knows of packages and popularity. */
enum status store_merge(struct store *store, struct store *other, struct error *err)
    __attribute__((warn_unused_result));

/* ---- popularity ---- */

/* Takes the place of the one that is stored: there is one at a time. */
enum status store_put_popularity(struct store *store, const struct popularity *popularity,
				 struct error *err) __attribute__((warn_unused_result, nonnull));

/* STATUS_NOT_FOUND: none was imported. In the arena. */
enum status store_load_popularity(struct store *store, struct arena *arena,
				  struct popularity *out_popularity, struct error *err)
    __attribute__((warn_unused_result, nonnull));
