/* A trial's outcome and details <-> bytes in a pipe. */
#include "explore/report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct report_head {
	struct trial_outcome outcome;
	uint64_t operation_count;
	uint64_t path_count;
	uint64_t losses[OBSERVER_LOSS_COUNT];
};

/* In the report each path is this much, cut and padded. */
struct report_path {
	char path[OBSERVER_PATH_BYTES];
	uint64_t count;
};

bool report_is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGSYS || signal == SIGTRAP;
}

/* ---- writing ---- */

static void write_all(int fd, const void *bytes, size_t size_bytes)
{
	const char *at = bytes;
	while (size_bytes > 0) {
		ssize_t written = write(fd, at, size_bytes);
		if (written <= 0)
			return;
		at += written;
		size_bytes -= (size_t)written;
	}
}

/* The calls as the sets of an outcome. */
static void add_calls(struct trial_outcome *outcome, const struct observed_program *tree)
{
	uint64_t last = 0;
	outcome->last_skipped = UINT32_MAX;
	for (size_t i = 0; i < tree->call_count; i++) {
		const struct observed_call *call = &tree->calls[i];
		if (call->compat || call->number >= OBSERVER_MAX_NUMBERS)
			continue;
		uint64_t bit = UINT64_C(1) << (call->number % 64);
		if (call->entered_count > 0)
			outcome->entered[call->number / 64] |= bit;
		if (call->skipped_count > 0)
			outcome->skipped[call->number / 64] |= bit;
		if (call->first_skip > last) {
			last = call->first_skip;
			outcome->last_skipped = call->number;
		}
	}
}

void report_write(int fd, const struct trial_outcome *outcome, struct tracer *tracer)
{
	struct arena arena = { 0 };
	struct report_head report = { .outcome = *outcome };
	struct observation seen = { 0 };
	if (tracer != NULL)
		seen = tracer_read(tracer, &arena);
	add_calls(&report.outcome, &seen.tree);
	for (int signal = 1; signal < OBSERVER_MAX_SIGNALS; signal++)
		if (report_is_crash(signal))
			report.outcome.crash_count += (uint32_t)seen.deaths[signal];
	report.outcome.knows_skipped = tracer != NULL;
	report.operation_count = seen.operation_count;
	report.path_count = seen.path_count;
	memcpy(report.losses, seen.losses, sizeof(report.losses));
	write_all(fd, &report, sizeof(report));
	write_all(fd, seen.operations, seen.operation_count * sizeof(*seen.operations));
	for (size_t i = 0; i < seen.path_count; i++) {
		struct report_path path = { .count = seen.paths[i].count };
		(void)snprintf(path.path, sizeof(path.path), "%s", seen.paths[i].path);
		write_all(fd, &path, sizeof(path));
	}
	arena_finish(&arena);
}

/* ---- reading ---- */

bool report_read(const struct buffer *text, struct trial_outcome *out_outcome)
{
	struct report_head report;
	if (text->size_bytes < sizeof(report))
		return false;
	memcpy(&report, text->bytes, sizeof(report));
	*out_outcome = report.outcome;
	return true;
}

void report_read_detail(const struct buffer *text, struct arena *arena, struct observation *out)
{
	struct report_head report;
	if (text->size_bytes < sizeof(report))
		return;
	memcpy(&report, text->bytes, sizeof(report));
	size_t size_bytes = sizeof(report) +
			    report.operation_count * sizeof(struct observed_operation) +
			    report.path_count * sizeof(struct report_path);
	if (report.operation_count > OBSERVER_MAX_OPERATIONS ||
	    report.path_count > OBSERVER_MAX_PATHS || text->size_bytes < size_bytes)
		return;
	const char *at = text->bytes + sizeof(report);
	out->operations =
	    arena_copy(arena, at, report.operation_count, sizeof(struct observed_operation));
	out->operation_count = report.operation_count;
	at += report.operation_count * sizeof(struct observed_operation);
	struct observed_path *paths = arena_alloc(arena, report.path_count, sizeof(*paths));
	for (size_t i = 0; i < report.path_count; i++) {
		struct report_path path;
		memcpy(&path, at + i * sizeof(path), sizeof(path));
		paths[i] = (struct observed_path){ arena_string(arena, path.path), path.count };
	}
	out->paths = paths;
	out->path_count = report.path_count;
	memcpy(out->losses, report.losses, sizeof(out->losses));
}
