#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "facts/arch.h"
#include "facts/source.h"

/* What a workload showed for one syscall that it used. A call without a record was not used. */
enum verdict {
	VERDICT_REQUIRED,  /* fails with ENOSYS and with a faked 0 */
	VERDICT_STUBBABLE, /* works when the call returns ENOSYS, not when it returns 0 */
	VERDICT_FAKEABLE,  /* works when the call returns 0, not with ENOSYS */
	VERDICT_EITHER,    /* works both ways */
	VERDICT_FLAKY,     /* replicas disagree */
	VERDICT_UNTESTED,  /* used; nobody tried to do without */
	VERDICT_COUNT,
};

enum workload_kind { WORKLOAD_BENCHMARK, WORKLOAD_SUITE, WORKLOAD_KIND_COUNT };

struct workload_use {
	uint32_t number; /* of the workload's architecture; may be past every table */
	enum verdict verdict;
};

/* One application under one benchmark or test suite. */
struct workload {
	const char *application; /* "redis" */
	const char *name;        /* "benchmark-redis-benchmark": as its database calls it */
	const char *run;         /* which run the facts are from: a hash or "imported" */
	enum workload_kind kind;
	enum arch arch;
	struct source source;
	const struct workload_use *uses; /* ascending numbers, no duplicates */
	size_t use_count;
};

/* "redis-benchmark-redis-benchmark": the application and the name; in the arena. */
const char *workload_key(struct arena *arena, const struct workload *workload);

const struct workload_use *workload_find_use(const struct workload *workload, uint32_t number);
const char *verdict_name(enum verdict verdict);
int verdict_from_name(const char *name); /* -1 when there is none of that name */
const char *workload_kind_name(enum workload_kind kind);
int workload_kind_from_name(const char *name); /* -1 when there is none of that name */
