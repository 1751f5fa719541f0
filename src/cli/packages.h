#pragma once

#include "cli/selection.h"
#include "facts/popularity.h"
#include "metrics/needs.h"
#include "store/package.h"

/*
 * The half of status and users that comes from static analysis: packages in the store, weighted by
 * how many systems have them.
 */
struct packages {
	struct facts *facts; /* borrowed */
	enum api_kind kind;  /* of the APIs that were loaded */
	struct stored_packages stored;
	struct popularity popularity; /* imported, or the estimate that comes with sysgap */
	uint32_t *rows; /* packages that count: with programs or scripts, one of a name */
	size_t row_count;
	double *probabilities; /* one per row; of those not listed 0 */
	size_t unlisted_count; /* rows that the popularity does not list */
};

/*
 * kind      of the APIs to load; API_KIND_COUNT: all
 * out       row_count 0: no package was surveyed
 */
int packages_load(struct facts *facts, enum api_kind kind, struct packages *out_packages);

/* That nothing was surveyed, and how to do it. */
void packages_say_unknown(struct writer *writer);

/*
 * Loads packages and begins the section "packages" of a result.
 *
 * returns   false: there is nothing to describe, be it after an error; *out_code says
 */
bool packages_begin_section(struct facts *facts, struct packages *packages, struct writer *writer,
			    int *out_code);

/* What was imported, or the estimate that comes with sysgap. Prints errors. */
int packages_load_popularity(struct facts *facts, struct store *store,
			     struct popularity *out_popularity);

/*
 * The matrix of needs: columns are syscall numbers, or the indices of stored APIs.
 *
 * row_of   the row of each stored package, or UINT32_MAX
 */
struct needs packages_needs(const struct packages *packages, const uint32_t *row_of,
			    size_t row_count);
struct needs packages_needs_of_rows(const struct packages *packages); /* of those that count */

/* A column's API as packages_parse_api reads it. */
const char *packages_api_name(const struct packages *packages, size_t column);

/* The column of an API; SIZE_MAX: no package uses it, or it is of another kind. */
size_t packages_find_api(const struct packages *packages, const struct api *api);

/* The section "packages" of a layer's status. Prints errors. */
int packages_describe_status(const struct selection *selection, const struct layer *layer,
			     struct writer *writer);

/* The section "packages" of a comparison of layers. Prints errors. */
int packages_describe_comparison(const struct selection *selection,
				 const struct layer *const *layers, size_t count,
				 struct writer *writer);

/* The section "packages" of who uses an API; main: its table is the main one. Prints errors. */
int packages_describe_users(struct facts *facts, const struct api *api, bool main,
			    struct writer *writer);

/* The value of an operation's column, "0x5401". */
const char *packages_value(const struct packages *packages, size_t column);

/* "ioctl:TCGETS": how an operation is written. */
const char *packages_operation_name(struct facts *facts, const struct api *api);

/*
 * An API: "mremap" (a syscall), "ioctl:TCGETS" or "ioctl:0x5401" (an operation), "/proc/self/maps" (a pseudo-file),
 * "libc:printf" (a function); false: it is none of these.
 */
bool packages_parse_api(const struct facts *facts, const char *word, struct api *out_api);

/* For option tables. */
#define PACKAGES_OPTIONS                                                                           \
	{ 0,                                                                                       \
	  "by",                                                                                    \
	  VALUE_CHOICE,                                                                            \
	  "FIELD",                                                                                 \
	  "section|maintainer",                                                                    \
	  "also the completeness over packages of each section, or maintainer" },                  \
	{                                                                                          \
		0, "tier", VALUE_CHOICE, "TIER", "exact|plugin|maintainer",                        \
		    "of packages only what programs and the libraries they name can do, or also "  \
		    "what is loaded by configuration (default), or also what runs when they are "  \
		    "installed"                                                                    \
	}
