#pragma once

#include "explore/sandbox.h"
#include "explore/trial.h"

/*
 * Process 1 of a trial's sandbox: furnishes it, runs the workload, decides, reports. When it
 * ends, the kernel ends everything else.
 */
struct keeper_order {
	const struct trial *trial;
	struct sandbox_spec sandbox;
	const struct filter *filter;     /* NULL: none */
	const struct observer *observer; /* NULL: the tracer observes */
	uint32_t tally;
	bool traced; /* by the tracer: no observer, or path rules */
	bool change_user;
	uid_t user;
	gid_t group;
	int report; /* where keeper_report is written, followed by the details */
};

/* For sandbox_start; context is a struct keeper_order. */
int keeper_main(void *context);

/* The report: the outcome, then counts, then the observed operations and paths. */
struct keeper_report {
	struct trial_outcome outcome;
	uint64_t operation_count;
	uint64_t path_count;
	uint64_t losses[OBSERVER_LOSS_COUNT];
};

/* In the report each path is this much, cut and padded. */
struct keeper_path {
	char path[OBSERVER_PATH_BYTES];
	uint64_t count;
};

/* SIGSEGV, SIGABRT and the others that only a fault sends. */
bool keeper_is_crash(int signal);
