#pragma once

#include "metrics/needs.h"

/*
 * How much each API matters.
 * Source: Tsai et al., "A Study of Modern Linux API Usage and Compatibility", EuroSys'16.
 */
struct importance {
	uint64_t users;     /* rows that need the API */
	double probability; /* that an installation has at least one of them: 1 - Π (1 - pr) */
};

/*
 * probabilities  one per row, each in [0, 1]: installations / submissions; NULL leaves
 *                `probability` at 0
 * out            needs->api_count of them, caller's
 *
 * Rows with unknown needs count with those that are known: importance is a lower bound then.
 */
void importance_of(const struct needs *needs, const double *probabilities, struct importance *out);

/*
 * APIs by importance, most important first: by probability, then users, then column.
 *
 * out_order   the columns with at least one user that are not in `except`; caller's, room for
 *             needs->api_count
 * returns     how many
 */
size_t importance_order(const struct importance *importance, size_t api_count, struct bitset except,
			size_t *out_order);
