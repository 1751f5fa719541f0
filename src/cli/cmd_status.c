#include "cli/curves.h"
#include "cli/output.h"
#include "cli/packages.h"
#include "cli/planning.h"
#include "cli/status.h"

static int load_layers(struct facts *facts, const struct layer **out_layers)
{
	for (size_t i = 0; i < facts->arguments->operand_count; i++) {
		int code = facts_load_layer(facts, facts->arguments->operands[i], &out_layers[i]);
		if (code != EXIT_DONE)
			return code;
	}
	return EXIT_DONE;
}

static int write_status(const struct selection *selection, const struct layer *const *layers,
			size_t count)
{
	struct facts *facts = selection->facts;
	bool single = count == 1;
	const char *title = single ? arena_printf(&facts->arena, "Status of %s",
						  layer_key(&facts->arena, layers[0]))
				   : "Layers compared";
	struct output output;
	int code = output_open(facts->arguments, single ? "sysgap-status" : "sysgap-comparison", 1,
			       title, &output);
	if (code != EXIT_DONE)
		return code;
	code = single ? status_describe_one(selection, layers[0], output.writer)
		      : status_describe_several(selection, layers, count, output.writer);
	if (code == EXIT_DONE)
		return output_close(&output);
	output_discard(&output);
	return code;
}

static int run_status(const struct arguments *arguments)
{
	struct facts facts;
	struct selection selection;
	int code = facts_open(arguments, &facts);
	const struct layer **layers =
	    arena_alloc(&facts.arena, arguments->operand_count, sizeof(*layers));
	if (code == EXIT_DONE)
		code = selection_make(&facts, WORKLOAD_ANY, &selection);
	if (code == EXIT_DONE)
		code = load_layers(&facts, layers);
	if (code == EXIT_DONE)
		code = write_status(&selection, layers, arguments->operand_count);
	facts_close(&facts);
	return code;
}

static const struct option_spec options[] = {
	{ 'n', "top", VALUE_NUMBER, "N", NULL, "length of the lists; 0: everything (default: 25)" },
	{ 0, "fake-ok", VALUE_NONE, NULL, NULL,
	  "a call is not missing where returning 0 without doing anything works" },
	SELECTION_OPTIONS,
	PLANNING_OPTIONS,
	CURVES_OPTION,
	PACKAGES_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "status gramine-1.8", "the status of Gramine 1.8" },
	{ "status gramine-1.8 --output gramine.html", "the same as a page with figures" },
	{ "status gramine-1.8 --output curves.svg", "only the figure, for a paper" },
	{ "status my-syscalls.txt --top 10 --format md", "of an own list of calls, for an issue" },
	{ "status gramine-1.0 gramine-1.8 gvisor", "side by side" },
	{ "status gramine-1.8 --format names --top 0", "only the names of what is missing" },
	{ 0 },
};

const struct command cmd_status = {
	.name = "status",
	.usage = "LAYER...",
	.summary = "what a layer has, what it lacks, who needs it, and what to do next",
	.details =
	    "One layer: completeness over the known workloads with and without exclusions, what is "
	    "missing by the number of workloads that need it, the support plan, and how "
	    "completeness "
	    "grows with the next calls. Several layers: the same figures side by side.\n\n"
	    "A workload is supported when each of its calls is implemented or may return ENOSYS, "
	    "which is what a layer returns for what it lacks. Without options that exclude, the "
	    "second figures are those with the published exclusions: two workloads that the "
	    "published status leaves out, and the calls of the list 'published'.\n\n"
	    "LAYER is a name of 'sysgap layer list' or a file: one name per line, a C table, CSV "
	    "or JSON.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_LAYER,
	.min_operands = 1,
	.max_operands = STATUS_MAX_LAYERS,
	.run = run_status,
};
