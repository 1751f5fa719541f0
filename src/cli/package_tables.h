#pragma once

#include "cli/packages.h"
#include "metrics/completeness.h"

/* What packages need, as parts of a result. needs are those of packages_needs_of_rows. */

/* How many packages were surveyed, how many count, and what their weights are. */
void package_tables_basis(const struct packages *packages, const struct needs *needs,
			  struct writer *writer);

/* A set of supported APIs, and what it is called. */
struct package_variant {
	const char *title;
	struct bitset supported;
};

/* Weighted and not, with and without what packages depend on. */
void package_tables_completeness(const struct packages *packages, const struct needs *needs,
				 const struct package_variant *variants, size_t count,
				 struct writer *writer);

struct package_layer {
	const char *name;
	struct bitset implemented;
	struct bitset supported; /* with exclusions */
};

/* Layers over the same packages. */
void package_tables_layers(const struct packages *packages, const struct needs *needs,
			   const struct package_layer *layers, size_t count, struct writer *writer);

/* Each section, or maintainer. */
void package_tables_by(const struct packages *packages, const struct needs *needs,
		       struct bitset implemented, const char *field, struct writer *writer);

struct package_list {
	const char *key, *title;
	const char *column, *column_title; /* of the API */
	bool main;                         /* it is the main table of the result */
};

/* APIs outside the set, most important first; as many as --top says. */
void package_tables_important(const struct packages *packages, const struct needs *needs,
			      struct bitset supported, const struct package_list *list,
			      struct writer *writer);

/* Completeness after the next APIs, most important first. */
void package_tables_curve(const struct packages *packages, const struct needs *needs,
			  struct bitset supported, struct writer *writer);
