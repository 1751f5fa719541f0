#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "workload/set.h"

enum {
	LOUPE_MAX_WORKLOADS = 1 << 20,
	LOUPE_MAX_ENTRIES = 1 << 16,        /* of one folder */
	LOUPE_MAX_WRITTEN_NUMBER = 1 << 16, /* a file has a row for each number up to the largest */
};

/* Which run of a workload the facts are from, when there are several. */
struct loupe_choice {
	const char *application;
	const char *workload;
	const char *run;  /* the chosen one */
	size_t row_count; /* of the chosen one */
	size_t run_count; /* well-formed ones */
};

struct loupe_database {
	struct workload_set set;
	const struct loupe_choice *choices; /* only of workloads with several runs, in set order */
	size_t choice_count;
};

/*
 * Reads a Loupe database: APPLICATION/WORKLOAD/RUN/data/dyn.csv, where WORKLOAD starts with
 * "benchmark" or "suite" and RUN is a hash or "imported".
 *
 * Of several runs of a workload one is chosen by what is in them, never by file time: one that is
 * not "imported"; of these the one with the most rows, then the most used calls, then the first
 * name.
 *
 * directory      path of the database
 * source         strings borrowed as long as the result
 * out_database   everything else in it lives in the arena
 * problems       malformed rows and files, files that cannot be read; each costs only itself
 * returns        STATUS_IO: the directory cannot be read; STATUS_NOT_FOUND: no dyn.csv below it;
 *                STATUS_LIMIT: too many entries in a folder
 */
enum status loupe_read(const char *directory, const struct source *source, struct arena *arena,
		       struct problem_list *problems, struct loupe_database *out_database,
		       struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * Writes workloads of x86_64 as a Loupe database: a heading and a row for each number up to 334,
 * or to the largest used one. Flaky calls are written as required, as Loupe does; a workload whose
 * calls are all untested gets only the columns "syscall" and "used".
 *
 * directory   must not exist, so that nothing is overwritten or mixed
 * returns     STATUS_IO; STATUS_UNSUPPORTED: a workload of another architecture, of which only some
 *             calls are tested, or with a name that cannot be a folder's or does not start with
 *             "benchmark" or "suite"; nothing was written then
 */
enum status loupe_write(const char *directory, struct workload_set set, struct error *err)
    __attribute__((warn_unused_result, nonnull));
