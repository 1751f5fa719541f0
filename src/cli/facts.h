#pragma once

#include "base/bitset.h"
#include "base/problem.h"
#include "cli/command.h"
#include "layer/catalog.h"
#include "report/writer.h"
#include "workload/set.h"

/*
 * What commands compute with: the facts that come with sysgap, and the user's own from the store
 * (--db), for one architecture (--arch). What is wrong with a part of an input is collected and
 * printed on stderr by facts_close, unless --quiet.
 */
struct facts {
	const struct arguments *arguments; /* borrowed */
	struct arena arena;                /* owned; everything below lives in it */
	enum arch arch;
	struct problem_list problems;
	struct workload_set workloads;   /* all of the architecture */
	struct layer_catalog own_layers; /* of the store, for layer_load */
};

/* Loads the workloads. Prints errors; facts_close is due also after a failure. */
int facts_open(const struct arguments *arguments, struct facts *out_facts);
void facts_close(struct facts *facts);

/* A shipped or stored layer by name ("gramine-1.8"), or a file. Prints errors. */
int facts_load_layer(struct facts *facts, const char *name_or_path, const struct layer **out_layer);

/*
 * What people call a workload: its application, "redis", and "redis-suite" for its test suite. The
 * key when another workload would be called the same.
 */
const char *facts_workload_label(struct facts *facts, const struct workload *workload);

/* The name of a number of the architecture; in the arena when it is made up. */
const char *facts_syscall_name(struct facts *facts, uint32_t number);

/* The names of a set of numbers, by number; in the arena. */
const char **facts_call_names(struct facts *facts, struct bitset calls, size_t *out_count);
