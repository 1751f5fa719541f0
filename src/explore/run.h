#pragma once

#include <stdint.h>

#include "base/error.h"
#include "explore/observation.h"

/* How calls are observed; RUN_BEST is eBPF where it can be had, else ptrace. */
enum run_means { RUN_BEST, RUN_EBPF, RUN_PTRACE };

struct run_request {
	const char *const *words;       /* the command line; ends with NULL */
	const char *const *environment; /* ends with NULL */
	int output;                     /* becomes the command's standard output; -1: keep */
	enum run_means means;
	bool wait_for_all;    /* also for what the command leaves running; ptrace always waits */
	double limit_seconds; /* then everything is killed, which is no error; 0: none */
};

struct run_result {
	enum run_means means;  /* which of the two it was */
	struct error fallback; /* why not eBPF, when RUN_BEST chose ptrace; else STATUS_OK */
	int wait_status;       /* of the command, as waitpid(2) gives it */
	bool left_running;     /* processes of the command still ran at the end */
	bool timed_out;        /* they were killed at the limit */
	struct observation observation;
};

/*
 * Runs a command where and as the caller is, and observes it and everything it starts.
 *
 * returns   STATUS_DENIED, STATUS_UNSUPPORTED: the means asked for is not available;
 *           STATUS_IO: no process, or one that does not even end by SIGKILL. A command that cannot be started ends with LAUNCH_FAILED
 */
enum status run_observed(const struct run_request *request, struct arena *arena,
			 struct run_result *out_result, struct error *err)
    __attribute__((warn_unused_result));
