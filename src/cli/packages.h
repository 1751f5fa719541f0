#pragma once

#include "cli/selection.h"
#include "facts/popularity.h"
#include "store/package.h"

/*
 * The half of status and users that comes from static analysis: packages in the store, weighted by
 * how many systems have them.
 */
struct packages {
	struct facts *facts; /* borrowed */
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

/*
 * An API other than a syscall: "ioctl:0x5401" (an operation), "/proc/self/maps" (a pseudo-file),
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
		0, "tier", VALUE_CHOICE, "TIER", "exact|plugin",                                   \
		    "of packages only what programs and the libraries they name can do, or also "  \
		    "what is loaded by configuration (default)"                                    \
	}
