#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "base/slice.h"
#include "facts/popularity.h"

/*
 * What popularity-contest publishes, in three forms that are told apart by their content:
 *
 *   by_inst             "rank name inst vote old recent no-files (maintainer)", "#" comments, a line
 *                       of dashes and a row "Total"; other by_* files differ in their order only
 *   all-popcon-results  "Submissions: N", "Package: name vote old recent no-files", and others
 *   ours                data/popularity/: "key: value" lines, "knot: RANK INSTALLATIONS" lines, an
 *                       empty line, then names by rank
 */

/* What installations are taken as a share of. */
enum popcon_total {
	POPCON_SUBMISSIONS, /* as the file says; without it the count of the most installed package,
			       which every reporting system has */
	POPCON_SUM,         /* the sum over all packages, as some tools do */
};

enum {
	POPCON_MAX_BYTES = 256 << 20,
	POPCON_MAX_PACKAGES = 4 << 20,
	POPCON_MAX_KNOTS = 4096,
};

/*
 * text      unpacked; borrowed for the call
 * problems  lines that say nothing, each one
 * out       in the problems' arena; its source has a title only where the form has one
 * returns   STATUS_UNSUPPORTED: none of the three; STATUS_MALFORMED: no package; STATUS_LIMIT
 */
enum status popcon_parse(struct slice text, const char *input, enum popcon_total total,
			 struct problem_list *problems, struct popularity *out_popularity,
			 struct error *err) __attribute__((warn_unused_result, nonnull));
