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
	int report; /* where report_write writes */
};

/* For sandbox_start; context is a struct keeper_order. */
int keeper_main(void *context);
