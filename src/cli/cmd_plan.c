#include "cli/output.h"
#include "cli/planning.h"

static void describe(struct facts *facts, const struct planning *planning,
		     const struct layer *layer, struct writer *writer)
{
	const struct arguments *arguments = facts->arguments;
	bool published = planning->published_table || argument_given(arguments, "published-labels");
	writer_text(writer, "layer", NULL, layer_key(&facts->arena, layer));
	writer_text(writer, "arch", NULL, arch_name(layer->arch));
	writer_text(writer, "labels", NULL, published ? "published" : "header");
	writer_note(writer, NULL,
		    published ? "Stub and fake are exchanged, as in the published plans: \"fake\" "
				"is a call that may return ENOSYS, \"stub\" one that may return 0."
			      : "Each step is the application that needs the fewest calls more. "
				"Implement what it requires; a stub returns ENOSYS, a fake "
				"returns 0 and does nothing.");
	planning_describe(planning, writer, true);
}

static int run_plan(const struct arguments *arguments)
{
	struct facts facts;
	struct selection selection;
	struct planning planning;
	const struct layer *layer;
	struct output output;
	int code = facts_open(arguments, &facts);
	if (code == EXIT_DONE)
		code = selection_make(&facts, WORKLOAD_BENCHMARK, &selection);
	if (code == EXIT_DONE)
		code = facts_load_layer(&facts, arguments->operands[0], &layer);
	if (code == EXIT_DONE)
		code = planning_make(&selection, layer, &planning);
	if (code == EXIT_DONE) {
		const char *title = arena_printf(&facts.arena, "Support plan for %s",
						 layer_key(&facts.arena, layer));
		code = output_open(arguments, "sysgap-plan", 1, title, &output);
	}
	if (code == EXIT_DONE) {
		describe(&facts, &planning, layer, output.writer);
		code = output_close(&output);
	}
	facts_close(&facts);
	return code;
}

static const struct option_spec options[] = {
	SELECTION_OPTIONS,
	PLANNING_OPTIONS,
	{ 0, "published-table", VALUE_NONE, NULL, NULL,
	  "the published labels, without the stub column and without the rows that are only about "
	  "rseq or statx, as Gramine's plan was published" },
	{ 0 },
};

static const struct example examples[] = {
	{ "plan gramine-1.8", "what Gramine 1.8 should implement next, step by step" },
	{ "plan gramine-1.8 --order mine.txt", "with the own applications first among equals" },
	{ "plan my-syscalls.txt --workloads all --format md",
	  "for an own list of calls, with benchmarks and test suites, as Markdown" },
	{ 0 },
};

const struct command cmd_plan = {
	.name = "plan",
	.usage = "LAYER",
	.summary = "the order in which to implement, stub and fake what is missing",
	.details =
	    "Loupe's greedy plan: again and again, of the applications that do not work yet, the "
	    "one that needs the fewest further calls, and what to do for it. Of equals the first "
	    "by --order comes first, else the first by name.\n\n"
	    "An application is judged by its first benchmark by name, or by --workloads: its "
	    "first test suite, or everything that is known of it together.\n\n"
	    "LAYER is a name of 'sysgap layer list' or a file: one name per line, a C table, CSV "
	    "or JSON.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_LAYER,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_plan,
};
