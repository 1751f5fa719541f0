/* The result of an exploration, described once for all formats. */
#include <errno.h>
#include <math.h>

#include "cli/explored.h"
#include "syscalls/table.h"

static const char *const effect_names[EFFECT_COUNT] = { [EFFECT_TIME] = "time",
							[EFFECT_METRIC] = "metric",
							[EFFECT_MEMORY] = "memory",
							[EFFECT_DESCRIPTORS] = "descriptors" };

static const struct question *find(const struct explore_result *result, const struct question *like,
				   uint16_t answer)
{
	for (size_t i = 0; i < result->question_count; i++) {
		const struct question *question = &result->questions[i];
		if (question->kind == like->kind && question->number == like->number &&
		    question->value == like->value && question->answer == answer)
			return question;
	}
	return NULL;
}

/* Why it cannot be done without: of the first answer that fails. */
static const char *reason_of(const struct explore_result *result,
			     const struct explore_request *request, const struct question *like,
			     struct arena *arena)
{
	for (size_t a = 0; a < request->answer_count; a++) {
		const struct question *question = find(result, like, request->answers[a]);
		if (question != NULL && question->fails > 0)
			return arena_printf(
			    arena, "%s: %s",
			    explored_answer_name(like->kind, question->answer, arena),
			    question->end == TRIAL_TIMED_OUT ? "no end in time" : question->reason);
	}
	return NULL;
}

/* One row per part, one column per answer. */
static void write_parts(const struct explored *explored, const struct explore_request *request,
			const struct explore_result *result, enum question_kind kind,
			struct writer *writer)
{
	struct arena *arena = explored->arena;
	struct column columns[WRITER_MAX_COLUMNS] = {
		kind == QUESTION_CALL ? (struct column){ "syscall", "syscall", COLUMN_TEXT }
				      : (struct column){ "operation", "operation", COLUMN_TEXT },
		{ "number", "number", COLUMN_NUMBER },
	};
	size_t count = 2;
	if (kind == QUESTION_OPERATION)
		columns[count++] = (struct column){ "value", NULL, COLUMN_TEXT };
	columns[count++] = (struct column){ "verdict", "verdict", COLUMN_TEXT };
	for (size_t a = 0; a < request->answer_count; a++) {
		const char *name = explored_answer_name(kind, request->answers[a], arena);
		const char *key = request->answers[a] == ENOSYS ? "stub"
				  : request->answers[a] == 0    ? "fake"
								: name;
		columns[count++] = (struct column){ key, key, COLUMN_TEXT };
	}
	columns[count++] = (struct column){ "steady", NULL, COLUMN_BOOL };
	columns[count++] = (struct column){ "reason", "what fails", COLUMN_TEXT };
	writer_table_begin(writer, kind == QUESTION_CALL ? "syscalls" : "operations",
			   kind == QUESTION_CALL ? "Syscalls" : "Operations of vectored calls",
			   columns, count, kind == QUESTION_CALL);
	for (size_t i = 0; i < result->question_count; i++) {
		const struct question *question = &result->questions[i];
		if (question->kind != kind || question->answer != 0)
			continue;
		const struct question *stub = find(result, question, ENOSYS);
		writer_cell_text(writer, explored_part_name(question, arena));
		writer_cell_integer(writer, question->number);
		if (kind == QUESTION_OPERATION)
			writer_cell_text(writer, arena_printf(arena, "%#llx",
							      (unsigned long long)question->value));
		writer_cell_text(
		    writer, verdict_name(explored_verdict(
				stub == NULL ? QUESTION_OPEN : stub->result, question->result)));
		for (size_t a = 0; a < request->answer_count; a++) {
			const struct question *one = find(result, question, request->answers[a]);
			writer_cell_text(writer,
					 one == NULL ? NULL : explored_result_name(one->result));
		}
		writer_cell_bool(writer,
				 !trial_set_has(result->baseline.unsteady, question->number));
		writer_cell_text(writer, reason_of(result, request, question, arena));
	}
	writer_table_end(writer);
}

static void write_paths(const struct explore_result *result, struct writer *writer)
{
	static const struct column columns[] = {
		{ "path", "path", COLUMN_TEXT },
		{ "hidden", "hidden", COLUMN_TEXT },
		{ "empty", "empty", COLUMN_TEXT },
	};
	writer_table_begin(writer, "pseudo_files", "Pseudo-files", columns, 3, false);
	for (size_t i = 0; i + 1 < result->question_count; i++) {
		const struct question *hidden = &result->questions[i];
		if (hidden->kind != QUESTION_PATH || hidden->answer != PATH_HIDDEN)
			continue;
		writer_cell_text(writer, hidden->path);
		writer_cell_text(writer, explored_result_name(hidden->result));
		writer_cell_text(writer, explored_result_name(result->questions[i + 1].result));
	}
	writer_table_end(writer);
}

static void write_names(const struct question *const *questions, size_t count, int answer,
			const char *key, const char *title, struct arena *arena,
			struct writer *writer)
{
	const char **names = arena_alloc(arena, count, sizeof(*names));
	size_t name_count = 0;
	for (size_t i = 0; i < count; i++)
		if (answer < 0 || questions[i]->answer == answer)
			names[name_count++] = explored_part_name(questions[i], arena);
	writer_names(writer, key, title, names, name_count);
}

static void write_mixed(const struct explored *explored, const struct explore_result *result,
			struct writer *writer)
{
	struct arena *arena = explored->arena;
	writer_section_begin(writer, "final_set", "What may be missing all at once");
	writer_integer(writer, "replicas", "replicas that passed", result->mixed_replicas);
	write_names(result->mixed, result->mixed_count, ENOSYS, "stubs", "stubs", arena, writer);
	write_names(result->mixed, result->mixed_count, 0, "fakes", "fakes", arena, writer);
	write_names(result->mixed_left_out, result->mixed_left_out_count, -1, "left_out",
		    "work alone, not with the others", arena, writer);
	writer_section_end(writer);
}

static void write_effects(const struct explored *explored, const struct explore_result *result,
			  struct writer *writer)
{
	static const struct column columns[] = {
		{ "syscall", "syscall", COLUMN_TEXT }, { "answer", "answer", COLUMN_TEXT },
		{ "measure", "measure", COLUMN_TEXT }, { "ratio", "ratio", COLUMN_NUMBER },
		{ "spread", "spread", COLUMN_NUMBER }, { "flagged", "flagged", COLUMN_BOOL },
	};
	writer_table_begin(writer, "effects", "Side effects", columns, 6, false);
	for (size_t i = 0; i < result->question_count; i++) {
		const struct question *question = &result->questions[i];
		for (int kind = 0; kind < EFFECT_COUNT; kind++) {
			const struct effect *effect = &question->effects[kind];
			if (isnan(effect->ratio))
				continue;
			writer_cell_text(writer, explored_part_name(question, explored->arena));
			writer_cell_text(writer,
					 explored_answer_name(question->kind, question->answer,
							      explored->arena));
			writer_cell_text(writer, effect_names[kind]);
			writer_cell_real(writer, effect->ratio, 3);
			writer_cell_real(writer, effect->spread, 3);
			writer_cell_bool(writer, effect->flagged);
		}
	}
	writer_table_end(writer);
}

static void write_cost(const struct explore_result *result, struct writer *writer)
{
	const struct explore_counts *counts = &result->counts;
	writer_section_begin(writer, "cost", "What it took");
	writer_integer(writer, "trials", "trials", (int64_t)counts->trials);
	writer_integer(writer, "reused", "of them from the store", (int64_t)counts->reused);
	writer_integer(writer, "first_trials", "of them without replicas",
		       (int64_t)counts->first_trials);
	writer_real(writer, "seconds", "seconds", (double)counts->wall_ns / 1e9, 2);
	writer_real(
	    writer, "workload_share", "share of the time inside the workload",
	    counts->total_ns == 0 ? NAN : (double)counts->test_ns / (double)counts->total_ns, 3);
	writer_section_end(writer);
}

void explored_report(const struct explored *explored, const struct explore_request *request,
		     const struct explore_result *result, struct writer *writer)
{
	uint64_t lost = 0;
	for (int loss = 0; loss < OBSERVER_LOSS_COUNT; loss++)
		lost += result->observation.losses[loss];
	writer_text(writer, "application", "application", explored->definition->application);
	writer_text(writer, "workload", "workload", explored->definition->name);
	writer_text(writer, "machine", "machine", explored->machine);
	writer_text(writer, "packages", "packages", explored->packages);
	writer_integer(writer, "replicas", "replicas",
		       request->replicas != 0 ? request->replicas : explored->definition->replicas);
	writer_integer(writer, "lost", "lost", (int64_t)lost);
	write_parts(explored, request, result, QUESTION_CALL, writer);
	write_mixed(explored, result, writer);
	if (request->operations)
		write_parts(explored, request, result, QUESTION_OPERATION, writer);
	if (request->paths)
		write_paths(result, writer);
	if (request->effects)
		write_effects(explored, result, writer);
	write_cost(result, writer);
}
