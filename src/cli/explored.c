/* Explorations <-> store: trials as memory, verdicts and finer answers as facts. */
#include "cli/explored.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "package/control.h"
#include "store/trial.h"
#include "store/workload.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"

enum { DPKG_STATUS_MAX_BYTES = 256 << 20 };

/* ---- machine and packages ---- */

/* "PACKAGE VERSION" of an installed package; NULL when it is not installed. Source: dpkg(1). */
static const char *installed_version(struct slice status, struct slice package, struct arena *arena)
{
	static const char installed[] = " installed";
	const size_t size = sizeof(installed) - 1;
	struct slice stanza;
	while (control_next_stanza(&status, &stanza)) {
		struct slice name;
		struct slice state;
		struct slice version;
		if (control_field(stanza, "Package", &name) && slice_equals(name, package) &&
		    control_field(stanza, "Status", &state) && state.size_bytes > size &&
		    memcmp(state.bytes + state.size_bytes - size, installed, size) == 0 &&
		    control_field(stanza, "Version", &version))
			return arena_printf(arena, "%.*s %.*s", (int)package.size_bytes,
					    (const char *)package.bytes, (int)version.size_bytes,
					    (const char *)version.bytes);
	}
	return NULL;
}

static enum status list_packages(struct explored *explored, struct error *err)
{
	static const char path[] = "/var/lib/dpkg/status";
	struct file_map map = { 0 };
	explored->packages = "";
	const char *const *packages = explored->definition->packages;
	if (packages[0] == NULL || access(path, R_OK) != 0)
		return STATUS_OK; /* another distribution: the commands will tell */
	enum status status = file_map_open(path, DPKG_STATUS_MAX_BYTES, &map, err);
	for (size_t i = 0; packages[i] != NULL && status == STATUS_OK; i++) {
		const char *version = NULL;
		struct slice rest = slice_of_string(packages[i]);
		struct slice one;
		while (version == NULL && slice_next_field(&rest, '|', &one))
			version = installed_version(map.content, one, explored->arena);
		if (version == NULL)
			status = error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF,
					   "needs the package '%.80s': apt-get install %.80s",
					   packages[i], packages[i]);
		else
			explored->packages =
			    arena_printf(explored->arena, "%s%s%s", explored->packages,
					 i > 0 ? ", " : "", version);
	}
	file_map_close(&map);
	return status;
}

enum status explored_identify(struct explored *explored, struct error *err)
{
	struct utsname name = { 0 };
	(void)uname(&name);
	explored->machine = arena_printf(explored->arena, "%s %s %s, %ld CPUs", name.sysname,
					 name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN));
	enum status status = list_packages(explored, err);
	explored->key = arena_printf(explored->arena, "%016" PRIx64 " %s; %s%s",
				     explored->definition->hash, explored->machine,
				     explored->packages, geteuid() == 0 ? "" : "; ordinary user");
	return status;
}

/* ---- trials ---- */

static const char *format_set(const uint64_t *set, struct arena *arena)
{
	struct buffer text = { 0 };
	for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++)
		if (trial_set_has(set, number))
			buffer_printf(&text, "%s%u", text.size_bytes > 0 ? " " : "", number);
	const char *copy = arena_string(arena, buffer_string(&text));
	buffer_finish(&text);
	return copy;
}

static void parse_set(const char *text, uint64_t *out_set)
{
	struct slice rest = slice_of_string(text == NULL ? "" : text);
	struct slice field;
	while (slice_next_field(&rest, ' ', &field)) {
		uint64_t number;
		if (slice_parse_uint(field, 10, &number) && number < OBSERVER_MAX_NUMBERS)
			out_set[number / 64] |= UINT64_C(1) << (number % 64);
	}
}

static struct stored_trial store_form(const struct trial_outcome *outcome, struct arena *arena)
{
	struct stored_trial trial = {
		.ended = trial_end_name(outcome->end),
		.reason = outcome->text,
		.last_skipped =
		    outcome->last_skipped == UINT32_MAX ? -1 : (int64_t)outcome->last_skipped,
		.output_hash = outcome->output_hash,
		.wall_ns = outcome->wall_ns,
		.test_ns = outcome->test_ns,
		.total_ns = outcome->total_ns,
		.peak_bytes = outcome->peak_bytes,
		.descriptor_count = outcome->descriptor_count,
		.crash_count = outcome->crash_count,
	};
	if (isfinite(outcome->metric))
		trial.metric = arena_printf(arena, "%.17g", outcome->metric);
	if (outcome->knows_skipped) {
		trial.entered = format_set(outcome->entered, arena);
		trial.skipped = format_set(outcome->skipped, arena);
	}
	return trial;
}

static struct trial_outcome explorer_form(const struct stored_trial *trial)
{
	int end = trial_end_from_name(trial->ended);
	struct trial_outcome outcome = {
		.end = end < 0 ? TRIAL_BROKEN : (enum trial_end)end,
		.output_hash = trial->output_hash,
		.metric = trial->metric == NULL ? NAN : strtod(trial->metric, NULL),
		.wall_ns = trial->wall_ns,
		.test_ns = trial->test_ns,
		.total_ns = trial->total_ns,
		.peak_bytes = trial->peak_bytes,
		.descriptor_count = trial->descriptor_count,
		.crash_count = trial->crash_count,
		.last_skipped =
		    trial->last_skipped < 0 ? UINT32_MAX : (uint32_t)trial->last_skipped,
		.knows_skipped = trial->entered != NULL,
	};
	(void)snprintf(outcome.text, sizeof(outcome.text), "%s", trial->reason);
	parse_set(trial->entered, outcome.entered);
	parse_set(trial->skipped, outcome.skipped);
	return outcome;
}

static bool find_trial(void *context, const char *rules, uint32_t replica,
		       struct trial_outcome *out_outcome)
{
	struct explored *explored = context;
	struct stored_trial_key key = { explored->key, rules, replica };
	struct stored_trial trial;
	struct error err;
	bool found = false;
	if (store_find_trial(explored->store, &key, explored->arena, &trial, &found, &err) !=
	    STATUS_OK) {
		explored->problem = err;
		return false;
	}
	if (found)
		*out_outcome = explorer_form(&trial);
	return found && out_outcome->end != TRIAL_BROKEN;
}

static enum status keep_trial(void *context, const char *rules, uint32_t replica,
			      const struct trial_outcome *outcome, struct error *err)
{
	struct explored *explored = context;
	struct stored_trial_key key = { explored->key, rules, replica };
	struct stored_trial trial = store_form(outcome, explored->arena);
	return store_put_trial(explored->store, &key, &trial, err);
}

struct explore_memory explored_memory(struct explored *explored)
{
	if (explored->store == NULL)
		return (struct explore_memory){ 0 };
	return (struct explore_memory){ explored, explored->fresh ? NULL : find_trial, keep_trial };
}

/* ---- facts ---- */

static enum question_result result_of(const struct explore_result *result, uint32_t number,
				      uint16_t answer)
{
	for (size_t i = 0; i < result->question_count; i++) {
		const struct question *question = &result->questions[i];
		if (question->kind == QUESTION_CALL && question->number == number &&
		    question->answer == answer)
			return question->result;
	}
	return QUESTION_OPEN;
}

enum verdict explored_verdict(enum question_result stub, enum question_result fake)
{
	if (stub == QUESTION_OPEN && fake == QUESTION_OPEN)
		return VERDICT_UNTESTED;
	if (stub == QUESTION_WORKS && fake == QUESTION_WORKS)
		return VERDICT_EITHER;
	if (stub == QUESTION_WORKS)
		return VERDICT_STUBBABLE;
	if (fake == QUESTION_WORKS)
		return VERDICT_FAKEABLE;
	return stub == QUESTION_FLAKY || fake == QUESTION_FLAKY ? VERDICT_FLAKY : VERDICT_REQUIRED;
}

struct workload explored_workload(const struct explored *explored,
				  const struct explore_result *result)
{
	struct workload_use *uses =
	    arena_alloc(explored->arena, OBSERVER_MAX_NUMBERS, sizeof(*uses));
	size_t count = 0;
	for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++)
		if (trial_set_has(result->baseline.used, number))
			uses[count++] = (struct workload_use){
				number, explored_verdict(result_of(result, number, ENOSYS),
							 result_of(result, number, 0))
			};
	const struct definition *definition = explored->definition;
	return (struct workload){
		.application = definition->application,
		.name = definition->name,
		.run = arena_printf(explored->arena, "%016" PRIx64, definition->hash),
		.kind = definition->kind,
		.arch = ARCH_X86_64,
		.source = { .title = EXPLORED_SOURCE,
			    .version = arena_printf(explored->arena, "%s%s%s", explored->machine,
						    explored->packages[0] != '\0' ? "; " : "",
						    explored->packages) },
		.uses = uses,
		.use_count = count,
	};
}

const char *explored_part_name(const struct question *question, struct arena *arena)
{
	char buffer[SYSCALL_NAME_BYTES];
	if (question->kind == QUESTION_PATH)
		return question->path;
	const char *name = syscall_name(ARCH_X86_64, question->number, buffer);
	if (question->kind == QUESTION_CALL)
		return arena_string(arena, name);
	return arena_printf(arena, "%s:%s", name,
			    operation_name(ARCH_X86_64, question->number, OPERATION_OBSERVED,
					   question->value, arena));
}

/* As the store has it: names may change with the headers that they are from. */
static const char *part_key(const struct question *question, struct arena *arena)
{
	char buffer[SYSCALL_NAME_BYTES];
	if (question->kind != QUESTION_OPERATION)
		return explored_part_name(question, arena);
	return arena_printf(arena, "%s %#" PRIx64,
			    syscall_name(ARCH_X86_64, question->number, buffer), question->value);
}

const char *explored_answer_name(enum question_kind kind, uint16_t answer, struct arena *arena)
{
	if (kind == QUESTION_PATH)
		return answer == PATH_HIDDEN ? "hidden" : "empty";
	const char *name = answer == 0 ? "0" : strerrorname_np(answer);
	return name != NULL ? name : arena_printf(arena, "%u", answer);
}

const char *explored_result_name(enum question_result result)
{
	static const char *const names[] = { [QUESTION_OPEN] = "open",
					     [QUESTION_WORKS] = "works",
					     [QUESTION_FAILS] = "fails",
					     [QUESTION_FLAKY] = "flaky" };
	return names[result];
}

enum status explored_keep(struct explored *explored, const struct explore_result *result,
			  struct error *err)
{
	if (explored->problem.status != STATUS_OK) {
		*err = explored->problem;
		return err->status;
	}
	struct workload workload = explored_workload(explored, result);
	const struct workload *const one[] = { &workload };
	struct store_change change;
	struct stored_answer *answers =
	    arena_alloc(explored->arena, result->question_count, sizeof(*answers));
	for (size_t i = 0; i < result->question_count; i++) {
		const struct question *question = &result->questions[i];
		answers[i] = (struct stored_answer){
			part_key(question, explored->arena),
			explored_answer_name(question->kind, question->answer, explored->arena),
			explored_result_name(question->result),
			question->fails == 0
			    ? NULL
			    : arena_printf(explored->arena, "%s: %s", trial_end_name(question->end),
					   question->reason),
		};
	}
	enum status status = store_put_workloads(explored->store, one, 1, &change, err);
	if (status == STATUS_OK)
		status = store_replace_answers(explored->store, workload.application, workload.name,
					       answers, result->question_count, err);
	return status;
}
