#pragma once

#include "facts/workload.h"
#include "store/store.h"

struct store_change {
	size_t removed;
	size_t added;
};

/*
 * For every source title among the workloads: forgets all that the store has of this source, of
 * whatever version, and stores the given ones instead. All of it or, after an error, nothing.
 *
 * workloads   no two of the same source, architecture, application and name
 */
enum status store_replace_workloads(struct store *store, const struct workload *const *workloads,
				    size_t count, struct store_change *out_change,
				    struct error *err)
    __attribute__((warn_unused_result, nonnull(1, 4, 5)));

/* The same, but each workload only takes the place of the one of its own key. */
enum status store_put_workloads(struct store *store, const struct workload *const *workloads,
				size_t count, struct store_change *out_change, struct error *err)
    __attribute__((warn_unused_result, nonnull(1, 4, 5)));

/*
 * out_workloads  array and everything in it in the arena; in the order in which they were stored,
 *                each with ascending numbers
 * returns        STATUS_MALFORMED: a word in the store that this program does not know
 */
enum status store_load_workloads(struct store *store, struct arena *arena,
				 const struct workload *const **out_workloads, size_t *out_count,
				 struct error *err) __attribute__((warn_unused_result, nonnull));
