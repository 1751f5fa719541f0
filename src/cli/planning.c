#include "cli/planning.h"

#include <string.h>

#include "base/file.h"
#include "syscalls/table.h"

enum { ORDER_MAX_BYTES = 1 << 20 };

/* ---- choices ---- */

/* The lines of a file, without empty ones and what follows '#'. */
static int read_order(struct facts *facts, const char *path, struct plan_choice *choice)
{
	struct file_map map;
	struct error err;
	if (file_input_open(path, ORDER_MAX_BYTES, &map, &err) != STATUS_OK)
		return report_error(path, &err);
	size_t line_count = 1;
	for (size_t i = 0; i < map.content.size_bytes; i++)
		line_count += map.content.bytes[i] == '\n';
	const char **order = arena_alloc(&facts->arena, line_count, sizeof(*order));
	struct slice rest = map.content;
	struct slice line;
	while (slice_next_line(&rest, &line)) {
		struct slice name = { NULL, 0 };
		(void)slice_next_field(&line, '#', &name);
		name = slice_trim(name);
		if (name.size_bytes > 0)
			order[choice->order_count++] = arena_slice(&facts->arena, name);
	}
	file_map_close(&map);
	choice->order = order;
	return EXIT_DONE;
}

static void check_order(struct facts *facts, const char *path, const struct plan_choice *choice)
{
	for (size_t i = 0; i < choice->order_count; i++) {
		const struct workload_filter filter = { .application = choice->order[i],
							.kind = WORKLOAD_ANY,
							.arch = WORKLOAD_ANY };
		if (workload_set_filter(&facts->arena, facts->workloads, &filter).count == 0)
			problem_add(&facts->problems, path, 0, "no application '%s'",
				    choice->order[i]);
	}
}

static enum plan_workloads chosen_workloads(const struct arguments *arguments)
{
	const char *value = argument_value(arguments, "workloads");
	if (value == NULL || strcmp(value, "benchmark") == 0)
		return PLAN_BENCHMARK;
	return strcmp(value, "suite") == 0 ? PLAN_SUITE : PLAN_ALL;
}

int planning_make(const struct selection *selection, const struct layer *layer,
		  struct planning *out_planning)
{
	struct facts *facts = selection->facts;
	const struct arguments *arguments = facts->arguments;
	bool published_table = argument_given(arguments, "published-table");
	struct plan_choice choice = {
		.workloads = chosen_workloads(arguments),
		.missing_needs_nothing = argument_given(arguments, "missing-need-nothing"),
		.published_labels =
		    published_table || argument_given(arguments, "published-labels"),
	};
	const char *path = argument_value(arguments, "order");
	if (path != NULL) {
		if (read_order(facts, path, &choice) != EXIT_DONE)
			return EXIT_PROBLEM;
		check_order(facts, path, &choice);
	}
	/* before the filter by kind: an application may have only workloads of the other kind */
	struct workload_set workloads = selection->asked ? selection->kept : facts->workloads;
	struct bitset supported = selection->asked ? selection_supported(selection, layer)
						   : selection_implemented(selection, layer);
	out_planning->facts = facts;
	out_planning->published_table = published_table;
	out_planning->input = plan_input_of_workloads(
	    &facts->arena, workloads.workloads, workloads.count, SYSCALL_NUMBER_LIMIT, &choice);
	out_planning->plan = plan_make(&facts->arena, out_planning->input.applications,
				       out_planning->input.count, supported);
	return EXIT_DONE;
}

const size_t *planning_order(const struct planning *planning, size_t *out_count)
{
	size_t *order = arena_alloc(&planning->facts->arena, SYSCALL_NUMBER_LIMIT, sizeof(*order));
	size_t count = 0;
	for (size_t i = 0; i < planning->plan.step_count; i++) {
		struct bitset calls = planning->plan.steps[i].implement;
		for (size_t call = bitset_next(calls, 0); call != SIZE_MAX;
		     call = bitset_next(calls, call + 1))
			order[count++] = call;
	}
	*out_count = count;
	return order;
}

/* ---- description ---- */

static void cell_calls(struct facts *facts, struct writer *writer, struct bitset calls)
{
	size_t count;
	const char **names = facts_call_names(facts, calls, &count);
	writer_cell_list(writer, names, count);
}

/* The publication leaves out its rows for rseq and statx, which glibc makes but does not need. */
static bool is_hidden(const struct planning *planning, const struct plan_step *step)
{
	if (!planning->published_table)
		return false;
	size_t hidden = 0;
	static const char *const names[] = { "rseq", "statx" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint32_t number;
		if (syscall_number_of(planning->facts->arch, slice_of_string(names[i]), &number))
			hidden +=
			    bitset_has(step->implement, number) || bitset_has(step->fake, number);
	}
	size_t work = bitset_size(step->implement) + bitset_size(step->fake);
	return work > 0 && work == hidden;
}

static void describe_steps(const struct planning *planning, struct writer *writer)
{
	struct facts *facts = planning->facts;
	size_t supported = planning->plan.supported_count;
	int64_t number = 0;
	for (size_t i = 0; i < planning->plan.step_count; i++) {
		const struct plan_step *step = &planning->plan.steps[i];
		supported += step->unlock_count;
		if (is_hidden(planning, step))
			continue;
		writer_cell_integer(writer, ++number);
		cell_calls(facts, writer, step->implement);
		if (!planning->published_table)
			cell_calls(facts, writer, step->stub);
		cell_calls(facts, writer, step->fake);
		writer_cell_list(writer, step->unlocks, step->unlock_count);
		writer_cell_integer(writer, (int64_t)supported);
	}
}

static void describe_left_out(const struct planning *planning, struct writer *writer)
{
	const struct plan_input *input = &planning->input;
	writer_names(writer, "left_out",
		     input->left_out_count == 0 ? NULL
		     : chosen_workloads(planning->facts->arguments) == PLAN_SUITE
			 ? "Left out: no test suite"
			 : "Left out: no benchmark",
		     input->left_out, input->left_out_count);
	writer_names(writer, "unknown", input->unknown_count == 0 ? NULL : "Needs not wholly known",
		     input->unknown, input->unknown_count);
}

void planning_describe(const struct planning *planning, struct writer *writer, bool main)
{
	static const struct column columns[] = {
		{ "step", "Step", COLUMN_NUMBER },     { "implement", "Implement", COLUMN_LIST },
		{ "stub", "Stub", COLUMN_LIST },       { "fake", "Fake", COLUMN_LIST },
		{ "unlocks", "Unlocks", COLUMN_LIST }, { "supported", "Supported", COLUMN_NUMBER },
	};
	static const struct column published_columns[] = {
		{ "step", "Step", COLUMN_NUMBER },
		{ "implement", "Implement", COLUMN_LIST },
		{ "fake", "Fake", COLUMN_LIST },
		{ "unlocks", "Unlocks", COLUMN_LIST },
		{ "supported", "Supported", COLUMN_NUMBER },
	};
	const struct plan *plan = &planning->plan;
	writer_share(writer, "supported_now", "Applications supported now", plan->supported_count,
		     planning->input.count);
	writer_names(writer, "supported", NULL, plan->supported, plan->supported_count);
	describe_left_out(planning, writer);
	if (planning->published_table)
		writer_table_begin(writer, "steps", NULL, published_columns, 5, main);
	else
		writer_table_begin(writer, "steps", NULL, columns, 6, main);
	describe_steps(planning, writer);
	writer_table_end(writer);
}
