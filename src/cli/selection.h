#pragma once

#include "base/bitset.h"
#include "cli/facts.h"
#include "metrics/needs.h"
#include "report/writer.h"

/*
 * Which workloads and calls count: --workloads, --exclude, --exclude-workload,
 * --published-exclusions, --levels, --fake-ok.
 */
struct selection {
	struct facts *facts;             /* borrowed */
	bool asked;                      /* false: the exclusions are the published ones */
	struct workload_set all;         /* of the chosen kind */
	struct workload_set kept;        /* without the excluded ones */
	const char **excluded_workloads; /* keys; by name */
	size_t excluded_workload_count;
	struct bitset excluded_calls; /* treated as implemented */
	bool levels[LEVEL_COUNT];     /* which count as implemented */
};

/* For option tables: which workloads count, then all. */
#define SELECTION_WORKLOAD_OPTIONS                                                                 \
	{ 'w',                                                                                     \
	  "workloads",                                                                             \
	  VALUE_CHOICE,                                                                            \
	  "KIND",                                                                                  \
	  "benchmark|suite|own|loupe|all",                                                         \
	  "which workloads count: of a kind, or of a source" },                                    \
	    { 'X',        "exclude-workload",                                                      \
	      VALUE_TEXT, "KEY",                                                                   \
	      NULL,       "leave out a workload, or all of an application; repeatable" },          \
	{                                                                                          \
		0, "published-exclusions", VALUE_NONE, NULL, NULL,                                 \
		    "leave out the two workloads that the published status leaves out"             \
	}

#define SELECTION_LEVELS_OPTION                                                                    \
	{                                                                                          \
		'l', "levels", VALUE_TEXT, "LEVELS", NULL,                                         \
		    "levels that count as implemented (default: full,partial)"                     \
	}

#define SELECTION_OPTIONS                                                                          \
	SELECTION_WORKLOAD_OPTIONS,                                                                \
	    { 'x',                                                                                 \
	      "exclude",                                                                           \
	      VALUE_TEXT,                                                                          \
	      "NAMES|FILE",                                                                        \
	      NULL,                                                                                \
	      "take these calls as implemented: a comma list, or a file with one a line; "         \
	      "'published' is the list of the published status; repeatable" },                     \
	    SELECTION_LEVELS_OPTION

/*
 * Without options that exclude, the published exclusions are chosen, which is for commands that
 * show figures with and without them; others look at `asked`.
 *
 * kind        of workloads without --workloads, or WORKLOAD_ANY
 * returns     EXIT_DONE, or EXIT_USAGE after a message
 */
int selection_make(struct facts *facts, int kind, struct selection *out_selection);

/* --fake-ok */
enum needs_policy selection_policy(const struct arguments *arguments);

/* What a layer implements, as numbers below SYSCALL_NUMBER_LIMIT; in the facts' arena. */
struct bitset selection_implemented(const struct selection *selection, const struct layer *layer);

/* The same and the excluded calls. */
struct bitset selection_supported(const struct selection *selection, const struct layer *layer);

/* The section "layer": its name, where it is from, how much it implements. */
void selection_describe_layer(const struct selection *selection, const struct layer *layer,
			      struct writer *writer);

/* The table of how many calls have each level, into the present section. */
void selection_describe_levels(const struct selection *selection, const struct layer *layer,
			       struct writer *writer);

/* The section "exclusions": what --exclude and its like leave out, or the published choice. */
void selection_describe_exclusions(const struct selection *selection, struct writer *writer);
