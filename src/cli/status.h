#pragma once

#include "cli/selection.h"
#include "metrics/completeness.h"
#include "metrics/missing.h"
#include "report/writer.h"

/* The parts of the command status, which is about one layer or about several side by side. */

enum { STATUS_MAX_LAYERS = 24 };

struct completeness status_completeness(struct facts *facts, struct workload_set workloads,
					struct bitset supported, enum needs_policy policy);

/*
 * One call that most need and a layer has not makes its figures next to nothing, be it that its
 * list leaves out what is done elsewhere, or that Loupe saw its own execve. Says so, and what to do.
 */
void status_note_few_lacks(const struct selection *selection, const struct layer *layer,
			   struct writer *writer);

/* Describe a whole document; return an exit code after a message. */
int status_describe_one(const struct selection *selection, const struct layer *layer,
			struct writer *writer);
int status_describe_several(const struct selection *selection, const struct layer *const *layers,
			    size_t count, struct writer *writer);

/* ---- what is missing ---- */

struct named_call {
	const struct missing_call *call;
	const char *name;
};

/* Most needed first, equals by name. */
struct missing_list {
	const struct named_call *calls; /* in the facts' arena */
	size_t count;
	size_t shown; /* --top */
};

struct missing_list missing_list_make(struct facts *facts, struct workload_set workloads,
				      struct bitset supported);

/* The facts before the table of a list. */
void missing_list_describe_count(const struct missing_list *list, struct workload_set workloads,
				 struct writer *writer);

/* The table: who needs each call, and where it may be faked or stubbed. */
void missing_list_describe(struct facts *facts, const struct missing_list *list,
			   const struct layer *layer, bool main, struct writer *writer);
