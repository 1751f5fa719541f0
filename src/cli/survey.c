#include "cli/survey.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/stored.h"
#include "cli/survey_inputs.h"
#include "survey/crew.h"

bool survey_asked(const struct arguments *arguments)
{
	if (argument_given(arguments, "installed") || argument_given(arguments, "apt"))
		return true;
	for (size_t i = 0; i < arguments->operand_count; i++)
		if (survey_inputs_is_package(arguments->operands[i]))
			return true;
	return false;
}

/* ---- while it runs ---- */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

struct watching {
	bool terminal;
	struct writer *writer;
};

static bool show_progress(void *context, const struct survey_progress *progress)
{
	const struct watching *watching = context;
	if (watching->terminal && progress->total > 0) {
		double share = progress->total_bytes > 0
				   ? (double)progress->done_bytes / (double)progress->total_bytes
				   : (double)progress->done / (double)progress->total;
		double left = share > 0 ? progress->seconds * (1 - share) / share : 0;
		fprintf(stderr, "\r\033[K%s: %zu of %zu", progress->stage, progress->done,
			progress->total);
		if (progress->total_bytes > 0)
			fprintf(stderr, ", %.0f of %.0f MB, %.1f MB/s",
				(double)progress->done_bytes / 1e6,
				(double)progress->total_bytes / 1e6,
				(double)progress->done_bytes / 1e6 / (progress->seconds + 1e-3));
		if (progress->done > 0)
			fprintf(stderr, ", %.0f s left", left);
		if (progress->failures > 0)
			fprintf(stderr, ", %zu failed", progress->failures);
		(void)fflush(stderr);
	}
	return interrupted == 0;
}

/* ---- what it found ---- */

static const struct column columns[] = {
	{ "package", "Package", COLUMN_TEXT },
	{ "version", "Version", COLUMN_TEXT },
	{ "arch", "Arch", COLUMN_TEXT },
	{ "state", "State", COLUMN_TEXT },
	{ "programs", "Programs", COLUMN_NUMBER },
	{ "libraries", "Libraries", COLUMN_NUMBER },
	{ "scripts", "Scripts", COLUMN_NUMBER },
	{ "syscalls", "Syscalls", COLUMN_NUMBER },
	{ "plugin", "By plug-ins", COLUMN_NUMBER },
	{ "unresolved", "Unresolved", COLUMN_NUMBER },
	{ "problem", "Problem", COLUMN_TEXT },
};

static void write_package(void *context, const struct package_facts *facts)
{
	const struct watching *watching = context;
	struct writer *writer = watching->writer;
	int64_t counts[CERTAINTY_COUNT] = { 0 };
	for (size_t i = 0; i < facts->use_count; i++)
		if (facts->uses[i].api.kind == API_SYSCALL)
			counts[facts->uses[i].certainty]++;
	writer_cell_text(writer, facts->package.name);
	writer_cell_text(writer, facts->package.version);
	writer_cell_text(writer, facts->package.arch);
	writer_cell_text(writer, package_state_name(facts->state));
	writer_cell_integer(writer, facts->program_count);
	writer_cell_integer(writer, facts->library_count);
	writer_cell_integer(writer, facts->script_count);
	writer_cell_integer(writer, counts[CERTAINTY_EXACT] + counts[CERTAINTY_PLUGIN]);
	writer_cell_integer(writer, counts[CERTAINTY_PLUGIN]);
	writer_cell_integer(writer, facts->unresolved_count);
	writer_cell_text(writer, facts->problem);
}

static void write_counts(const struct survey_outcome *outcome, struct writer *writer)
{
	static const char *const keys[] = { "with_programs", "with_scripts", "libraries", "no_code",
					    "partly" };
	static const char *const titles[] = { "With programs", "With scripts only",
					      "Libraries only", "Without code",
					      "Not wholly analysed" };
	writer_section_begin(writer, "summary", "Summary");
	writer_integer(writer, "packages", "Packages", (int64_t)outcome->packages);
	for (int i = 0; i < PACKAGE_STATE_COUNT; i++)
		writer_integer(writer, keys[i], titles[i], (int64_t)outcome->by_state[i]);
	writer_integer(writer, "programs", "Programs", (int64_t)outcome->programs);
	writer_section_end(writer);
}

/* ---- running it ---- */

static int read_jobs(const struct arguments *arguments, size_t *out_jobs)
{
	const char *given = argument_value(arguments, "jobs");
	uint64_t jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (given != NULL && (!slice_parse_uint(slice_of_string(given), 10, &jobs) || jobs == 0 ||
			      jobs > CREW_MAX_WORKERS))
		return usage_error(arguments, "--jobs wants a number from 1 to %d",
				   CREW_MAX_WORKERS);
	*out_jobs = jobs < CREW_MAX_WORKERS ? (size_t)jobs : CREW_MAX_WORKERS;
	return EXIT_DONE;
}

static int read_memory(const struct arguments *arguments, struct survey *survey)
{
	enum { MB = 1000000 };
	const char *given = argument_value(arguments, "memory");
	uint64_t megabytes = 0;
	if (given != NULL && (!slice_parse_uint(slice_of_string(given), 10, &megabytes) ||
			      megabytes == 0 || megabytes > UINT64_MAX / MB))
		return usage_error(arguments, "--memory wants a number of megabytes");
	survey->memory_bytes = megabytes * MB;
	return EXIT_DONE;
}

static int read_shard(const struct arguments *arguments, struct survey *survey)
{
	const char *given = argument_value(arguments, "shard");
	uint64_t shard = 0;
	uint64_t count = 1;
	if (given != NULL) {
		struct slice rest = slice_of_string(given);
		struct slice part = { 0 };
		bool good =
		    slice_next_field(&rest, '/', &part) && slice_parse_uint(part, 10, &shard) &&
		    slice_parse_uint(rest, 10, &count) && shard < count && count < UINT32_MAX;
		if (!good)
			return usage_error(arguments, "--shard wants I/N, with I from 0 to N - 1");
	}
	survey->shard = (size_t)shard;
	survey->shard_count = (size_t)count;
	return EXIT_DONE;
}

static int survey_into(const struct survey *survey, const struct arguments *arguments,
		       struct survey_outcome *outcome)
{
	struct store *store;
	struct error err;
	struct sigaction action = { .sa_handler = interrupt };
	struct sigaction before;
	(void)sigaction(SIGINT, &action, &before);
	int code = stored_open(arguments, STORE_WRITE, &store);
	if (code != EXIT_DONE) {
		(void)sigaction(SIGINT, &before, NULL);
		return code;
	}
	enum status status = survey_run(survey, store, outcome, &err);
	(void)sigaction(SIGINT, &before, NULL);
	store_close(store);
	const struct watching *watching = survey->context;
	if (watching->terminal)
		fputs("\r\033[K", stderr);
	if (status == STATUS_BUSY) {
		fputs("sysgap: interrupted; the same command goes on from here\n", stderr);
		return EXIT_PROBLEM;
	}
	if (status != STATUS_OK)
		return stored_report(arguments, &err);
	if (!argument_given(arguments, "quiet"))
		fprintf(stderr,
			"sysgap: %zu package%s; now read: %zu, programs analysed: %zu of %zu\n",
			outcome->packages, outcome->packages == 1 ? "" : "s", outcome->inputs_read,
			outcome->programs_analysed, outcome->programs);
	return EXIT_DONE;
}

static int survey_and_write(const struct arguments *arguments, struct survey_inputs *inputs)
{
	struct output output;
	struct survey_outcome outcome;
	const char *tier = argument_value(arguments, "tier");
	struct watching watching = { .terminal = isatty(STDERR_FILENO) != 0 &&
						 !argument_given(arguments, "quiet") };
	struct survey survey = {
		.inputs = inputs->inputs,
		.input_count = inputs->count,
		.root = inputs->root,
		.source = { .title = inputs->title },
		.replace = inputs->replace && argument_value(arguments, "shard") == NULL,
		.maintainer_scripts = argument_given(arguments, "maintainer-scripts"),
		.plugins = tier == NULL || strcmp(tier, "exact") != 0,
		.tick = show_progress,
		.package = write_package,
		.context = &watching,
	};
	int code = read_jobs(arguments, &survey.worker_count);
	if (code == EXIT_DONE)
		code = read_memory(arguments, &survey);
	if (code == EXIT_DONE)
		code = read_shard(arguments, &survey);
	if (code == EXIT_DONE)
		code = output_open(arguments, "sysgap-survey", 1, "Packages", &output);
	if (code != EXIT_DONE)
		return code;
	watching.writer = output.writer;
	writer_table_begin(output.writer, "packages", "Packages", columns, 11, true);
	code = survey_into(&survey, arguments, &outcome);
	writer_table_end(output.writer);
	if (code != EXIT_DONE) {
		output_discard(&output);
		return code;
	}
	write_counts(&outcome, output.writer);
	return output_close(&output);
}

int survey_scan(const struct arguments *arguments)
{
	struct survey_inputs inputs;
	int code = survey_inputs_open(arguments, &inputs);
	report_problems(&inputs.problems, arguments);
	if (code == EXIT_DONE)
		code = survey_and_write(arguments, &inputs);
	survey_inputs_close(&inputs);
	return code;
}
