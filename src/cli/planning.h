#pragma once

#include "cli/selection.h"
#include "plan/applications.h"
#include "report/writer.h"

/* The support plan of a layer, for the commands plan and status. */
struct planning {
	struct facts *facts; /* borrowed */
	struct plan_input input;
	struct plan plan;
	bool published_table;
};

/* For option tables. */
#define PLANNING_OPTIONS                                                                           \
	{                                                                                          \
		0,                                                                                 \
		"order",                                                                           \
		VALUE_FILE,                                                                        \
		"FILE",                                                                            \
		NULL,                                                                              \
		"applications, one a line: the first of equals comes first (default: by name)"     \
	},                                                                                         \
	    { 0,                                                                                   \
	      "missing-need-nothing",                                                              \
	      VALUE_NONE,                                                                          \
	      NULL,                                                                                \
	      NULL,                                                                                \
	      "applications without a workload of that kind need nothing, as in the published "    \
	      "plans (default: they are left out)" },                                              \
	{                                                                                          \
		0, "published-labels", VALUE_NONE, NULL, NULL,                                     \
		    "exchange stub and fake, as the published plans do"                            \
	}

/*
 * Exclusions count only when they were asked for; of workloads, only benchmarks count unless
 * --workloads says otherwise. Prints errors.
 */
int planning_make(const struct selection *selection, const struct layer *layer,
		  struct planning *out_planning);

/* The facts and the table of the plan, into the present section. */
void planning_describe(const struct planning *planning, struct writer *writer, bool main);

/* The calls that the plan implements, in its order; in the facts' arena. */
const size_t *planning_order(const struct planning *planning, size_t *out_count);
