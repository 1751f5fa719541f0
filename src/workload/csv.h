#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "facts/workload.h"

enum {
	LOUPE_MAX_CSV_BYTES = 4 << 20, /* the published ones have 4 KiB */
	LOUPE_MAX_NUMBER = 0x7fffffff, /* of a syscall; x32 numbers start at 0x40000000 */
	LOUPE_MAX_COLUMNS = 64,
};

/* One dyn.csv file. */
struct loupe_csv {
	const struct workload_use *uses; /* of the calls that were used; ascending numbers */
	size_t use_count;
	size_t row_count; /* well-formed rows, also of calls that were not used */
};

/*
 * Reads what Loupe wrote about one run: a row per syscall number, columns by the meaning of their
 * heading ("syscall", "used", "works faked", "works stubbed", "works both"), in any order; without
 * a heading row in this order. Of the three "works" columns at most one counts: both, or stubbed
 * and faked: either; stubbed: stubbable; faked: fakeable; none: required. A file without these
 * three columns gives untested verdicts.
 *
 * A malformed row, or one that gives a number again, is a problem and costs that row only. Signs of
 * a file that was cut short are a problem, too.
 *
 * input       names the file in problems
 * out_csv     uses live in the arena
 * returns     STATUS_MALFORMED: binary bytes, columns missing, more rows malformed than not, or
 *             no call used at all, which no run can do; err->input_off says where
 */
enum status loupe_csv_parse(struct slice content, const char *input, struct arena *arena,
			    struct problem_list *problems, struct loupe_csv *out_csv,
			    struct error *err) __attribute__((warn_unused_result, nonnull));
