#pragma once

#include "base/problem.h"
#include "cli/command.h"
#include "layer/catalog.h"
#include "store/store.h"
#include "workload/set.h"

/*
 * The user's store and what commands take from it: the file that --db names, or the default one.
 * All of these print their errors and return an exit code.
 */

/* NULL after a message, when --db is missing and no home is known. In the arena. */
const char *stored_path(const struct arguments *arguments, struct arena *arena);

/*
 * For writing the file and, for the default one, its folders are made. For reading
 * *out_store is NULL when there is no default store yet; a missing --db is an error.
 */
int stored_open(const struct arguments *arguments, enum store_access access,
		struct store **out_store);

/* An error of the store's, with its path in front; returns EXIT_PROBLEM. */
int stored_report(const struct arguments *arguments, const struct error *err);

/*
 * Shipped workloads and the store's, whose own version of a workload counts; in the arena. Of
 * --workloads the values own, loupe and all say which sources count, and so does --source. The
 * explorations that come with sysgap count only then: they are of the same applications as
 * Loupe's, and published figures are about those.
 */
int stored_load_workloads(const struct arguments *arguments, struct arena *arena,
			  struct problem_list *problems, struct workload_set *out_set);

/* The same, of every source, whatever the options say. */
int stored_load_every_workload(const struct arguments *arguments, struct arena *arena,
			       struct problem_list *problems, struct workload_set *out_set);

/* The store's layers alone: `extra` of layer_load, which knows the shipped ones. In the arena. */
int stored_load_layers(const struct arguments *arguments, struct arena *arena,
		       struct layer_catalog *out_layers);
