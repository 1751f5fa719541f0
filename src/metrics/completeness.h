#pragma once

#include "metrics/needs.h"

/*
 * How much of what is needed a set of supported APIs gives.
 *
 * A row is supported when all its needs are in the set; rows with unknown needs never are.
 * Source: Tsai et al., "A Study of Modern Linux API Usage and Compatibility", EuroSys'16
 * (weighted); Lefeuvre et al., "Loupe", ASPLOS'24 (unweighted, over workloads).
 */
struct completeness {
	uint64_t supported;
	uint64_t unknown; /* rows not supported whose needs are not wholly known */
	uint64_t of;
	double supported_weight; /* sum over supported rows */
	double of_weight;
};

/*
 * For packages: which other rows a row must have beside it. Row r has the groups
 * group_start[r] .. group_start[r + 1]; group g is satisfied by any of the rows
 * alternatives[alternative_start[g] .. alternative_start[g + 1]]; an empty group never is.
 */
struct dependencies {
	const size_t *group_start;
	const size_t *alternative_start;
	const size_t *alternatives;
};

/*
 * The rows whose needs are in the set. With dependencies, which may be NULL, also every group
 * must have a supported alternative; packages that depend on each other stand or fall together.
 *
 * out_rows    of needs->row_count bits, caller's; overwritten
 */
void completeness_rows(const struct needs *needs, struct bitset supported,
		       const struct dependencies *dependencies, struct bitset out_rows);

/* weights     one per row (for packages: the probability that it is installed), or NULL for 1 */
struct completeness completeness_of(const struct needs *needs, const double *weights,
				    struct bitset supported,
				    const struct dependencies *dependencies);

/*
 * The curve: completeness after adding the first k APIs of an order to the supported set.
 *
 * order       API columns, order_count of them; repeated or supported ones change nothing
 * out_points  order_count + 1 of them, caller's; point k is after k additions
 */
void completeness_curve(const struct needs *needs, const double *weights, struct bitset supported,
			const size_t *order, size_t order_count, struct completeness *out_points);
