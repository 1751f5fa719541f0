/* sysgap export: facts -> files in forms of their own; one function per kind. */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/stored.h"
#include "workload/loupe.h"
#include "workload/text.h"

struct export
{
	const struct arguments *arguments; /* the first operand is the kind */
	struct arena arena;
	struct problem_list problems;
};

struct export_kind {
	const char *name;
	size_t operand_count; /* after the kind */
	const char *operands; /* what they are, for the message when they are missing */
	int (*run)(struct export *export);
};

static int load_workloads(struct export *export, struct workload_set *out_set)
{
	const struct arguments *arguments = export->arguments;
	const char *kind = argument_value(arguments, "kind");
	const char *arch = argument_value(arguments, "arch");
	const struct workload_filter filter = {
		.source = argument_value(arguments, "source"),
		.application = argument_value(arguments, "application"),
		.kind = kind == NULL ? WORKLOAD_ANY : workload_kind_from_name(kind),
		.arch = arch == NULL ? WORKLOAD_ANY : arch_from_name(arch),
	};
	struct workload_set set;
	int code = stored_load_workloads(arguments, &export->arena, &export->problems, &set);
	if (code != EXIT_DONE)
		return code;
	report_problems(&export->problems, arguments);
	set = workload_set_filter(&export->arena, set, &filter);
	if (set.count == 0) {
		fputs("sysgap: no such workload\n", stderr);
		return EXIT_PROBLEM;
	}
	*out_set = set;
	return EXIT_DONE;
}

static int export_workloads(struct export *export)
{
	struct workload_set set;
	struct output output;
	int code = load_workloads(export, &set);
	if (code == EXIT_DONE)
		code = output_open_plain(export->arguments, &output);
	if (code != EXIT_DONE)
		return code;
	struct buffer text = { 0 };
	workload_text_format(set, &text);
	(void)fwrite(text.bytes, 1, text.size_bytes, output.file); /* output_close checks */
	buffer_finish(&text);
	return output_close(&output);
}

static int export_loupe(struct export *export)
{
	const char *directory = export->arguments->operands[1];
	struct workload_set set;
	struct error err;
	int code = load_workloads(export, &set);
	if (code == EXIT_DONE && loupe_write(directory, set, &err) != STATUS_OK)
		code = report_error(directory, &err);
	return code;
}

/* New kinds of output are added here and to `verbs` below. */
static const struct export_kind kinds[] = {
	{ "workloads", 0, "", export_workloads },
	{ "loupe", 1, "a directory to make", export_loupe },
};

static const struct export_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static int run_export(const struct arguments *arguments)
{
	const struct export_kind *kind = find_kind(arguments->operands[0]);
	if (kind == NULL)
		return usage_error(arguments, "nothing named '%s' can be exported",
				   arguments->operands[0]);
	if (arguments->operand_count - 1 < kind->operand_count)
		return usage_error(arguments, "%s needs %s", kind->name, kind->operands);
	if (arguments->operand_count - 1 > kind->operand_count)
		return usage_error(arguments, "one operand too many: '%s'",
				   arguments->operands[kind->operand_count + 1]);
	struct export export = { .arguments = arguments };
	export.problems.arena = &export.arena;
	int code = kind->run(&export);
	arena_finish(&export.arena);
	return code;
}

static const struct option_spec options[] = {
	{ 's', "source", VALUE_TEXT, "TITLE", NULL, "only workloads of this source" },
	{ 'a', "application", VALUE_TEXT, "NAME", NULL, "only workloads of this application" },
	{ 'k', "kind", VALUE_CHOICE, "KIND", "benchmark|suite", "only workloads of this kind" },
	{ 0 },
};

static const struct example examples[] = {
	{ "export workloads -o facts.workloads", "all workload facts as text to read and compare" },
	{ "export loupe --application redis loupedb", "for tools that read Loupe's form" },
	{ 0 },
};

const struct command cmd_export = {
	.name = "export",
	.usage = "workloads | loupe DIRECTORY",
	.summary = "write facts in forms that other tools read",
	.details =
	    "Exports the facts that come with sysgap and the store's own; of a workload that both "
	    "have, the store's.\n\n"
	    "workloads is sysgap's own text, a stanza per workload, which 'sysgap import "
	    "workloads' reads.\n"
	    "loupe is the directory form of the Loupe database; the directory must not exist yet.",
	.examples = examples,
	.options = options,
	.verbs = "workloads|loupe",
	.operand_kind = VALUE_DIRECTORY,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run_export,
};
