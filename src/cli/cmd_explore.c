/* sysgap explore: a workload file -> which syscalls it needs, and which may be stubbed or faked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/explored.h"
#include "cli/output.h"
#include "cli/stored.h"
#include "shipped/shipped.h"
#include "store/trial.h"

enum { ERRNO_LIMIT = 4096 };

/* ---- which workload ---- */

/* A shipped name, or else a file. */
static int load_definition(const char *name, struct arena *arena, struct definition *out_definition)
{
	const char *path = arena_printf(arena, "definitions/%s.yaml", name);
	const struct shipped_file *shipped = shipped_find(path);
	struct error err;
	enum status status;
	if (shipped != NULL) {
		status = definition_parse(shipped->content, name, arena, out_definition, &err);
		return status == STATUS_OK ? EXIT_DONE : report_error(NULL, &err);
	}
	if (strchr(name, '/') == NULL && access(name, F_OK) != 0) {
		fprintf(stderr,
			"sysgap: %s: no workload of this name is shipped ('sysgap explore "
			"--list'), and there is no such file\n",
			name);
		return EXIT_PROBLEM;
	}
	struct file_map map;
	if (file_input_open(name, DEFINITION_MAX_BYTES, &map, &err) != STATUS_OK)
		return report_error(name, &err);
	status = definition_parse(map.content, name, arena, out_definition, &err);
	file_map_close(&map);
	return status == STATUS_OK ? EXIT_DONE : report_error(name, &err);
}

static int list_definitions(const struct arguments *arguments, struct arena *arena)
{
	static const char folder[] = "definitions/";
	static const struct column columns[] = {
		{ "name", "name", COLUMN_TEXT },
		{ "application", "application", COLUMN_TEXT },
		{ "workload", "workload", COLUMN_TEXT },
		{ "packages", "packages", COLUMN_LIST },
	};
	struct output output;
	int code = output_open(arguments, "sysgap-explore-list", 1, "Shipped workloads", &output);
	if (code != EXIT_DONE)
		return code;
	writer_table_begin(output.writer, "workloads", NULL, columns, 4, true);
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *file = shipped_at(i);
		struct definition definition;
		struct error err;
		if (strncmp(file->path, folder, strlen(folder)) != 0)
			continue;
		if (definition_parse(file->content, file->path, arena, &definition, &err) !=
		    STATUS_OK) {
			output_discard(&output);
			return report_error("data", &err);
		}
		size_t count = 0;
		while (definition.packages[count] != NULL)
			count++;
		const char *name = file->path + strlen(folder);
		writer_cell_text(output.writer, arena_printf(arena, "%.*s", (int)strlen(name) - 5,
							     name)); /* without .yaml */
		writer_cell_text(output.writer, definition.application);
		writer_cell_text(output.writer, definition.name);
		writer_cell_list(output.writer, definition.packages, count);
	}
	writer_table_end(output.writer);
	return output_close(&output);
}

/* ---- how ---- */

/* "EPERM" or "1"; -1 when it is neither. */
static int errno_from(struct slice word)
{
	uint64_t number;
	if (slice_parse_uint(word, 10, &number))
		return number < ERRNO_LIMIT ? (int)number : -1;
	for (int code = 1; code < 256; code++) {
		const char *name = strerrorname_np(code);
		if (name != NULL && slice_equals_string(word, name))
			return code;
	}
	return -1;
}

static int read_modes(const struct arguments *arguments, struct explore_request *request)
{
	const char *text = argument_value(arguments, "modes");
	struct slice rest = slice_of_string(text == NULL ? "" : text);
	struct slice word;
	request->answers[request->answer_count++] = ENOSYS;
	request->answers[request->answer_count++] = 0;
	while (rest.size_bytes > 0 && slice_next_field(&rest, ',', &word)) {
		int code = errno_from(slice_trim(word));
		if (code < 0)
			return usage_error(arguments, "--modes: no errno '%.*s'",
					   (int)word.size_bytes, (const char *)word.bytes);
		if (code == ENOSYS || code == 0)
			continue;
		if (request->answer_count == EXPLORE_MAX_MODES)
			return usage_error(arguments, "--modes: at most %d", EXPLORE_MAX_MODES - 2);
		request->answers[request->answer_count++] = (uint16_t)code;
	}
	return EXIT_DONE;
}

static int read_count(const struct arguments *arguments, const char *option, uint32_t limit,
		      uint32_t *value)
{
	const char *text = argument_value(arguments, option);
	uint64_t number;
	if (text == NULL)
		return EXIT_DONE;
	if (!slice_parse_uint(slice_of_string(text), 10, &number) || number < 1 || number > limit)
		return usage_error(arguments, "--%s: 1 to %u expected", option, limit);
	*value = (uint32_t)number;
	return EXIT_DONE;
}

/*
 * How often a call of each number could be done without in the workloads we know: a guess only.
 * What is known of the same application counts for more.
 */
struct experience {
	/* by number, and of all calls together; [stub works][fake works] */
	double verdicts[OBSERVER_MAX_NUMBERS][2][2];
	double of_all[2][2];
};

#define LIKELY   0.9
#define UNLIKELY 0.1

enum { WEIGHT_OF_SAME_APPLICATION = 1000, WEIGHT_OF_SAME_WORKLOAD = 1000000 };

static double share(double part, double rest)
{
	return part + rest == 0 ? 0.5 : part / (part + rest);
}

/*
 * A fake is guessed from the stub, where that is known: first from the same call elsewhere, and as
 * much as one workload from all calls. What works with ENOSYS mostly works with another errno.
 */
static double tolerance(void *context, uint32_t number, uint16_t answer, enum question_result stub)
{
	const struct experience *experience = context;
	const double(*verdicts)[2] = experience->verdicts[number];
	if (stub != QUESTION_OPEN) {
		bool works = stub == QUESTION_WORKS;
		double general = share(experience->of_all[works][1], experience->of_all[works][0]);
		if (answer != 0)
			return works ? LIKELY : UNLIKELY;
		return share(verdicts[works][1] + general, verdicts[works][0] + 1 - general);
	}
	if (answer == 0)
		return share(verdicts[0][1] + verdicts[1][1], verdicts[0][0] + verdicts[1][0]);
	return share(verdicts[1][0] + verdicts[1][1], verdicts[0][0] + verdicts[0][1]);
}

static void gain_from(const struct workload *workload, uint32_t weight, struct experience *out)
{
	for (size_t i = 0; i < workload->use_count; i++) {
		const struct workload_use *use = &workload->uses[i];
		bool stub = use->verdict == VERDICT_EITHER || use->verdict == VERDICT_STUBBABLE;
		bool fake = use->verdict == VERDICT_EITHER || use->verdict == VERDICT_FAKEABLE;
		if (use->number >= OBSERVER_MAX_NUMBERS || use->verdict == VERDICT_UNTESTED)
			continue;
		out->verdicts[use->number][stub][fake] += weight;
		out->of_all[stub][fake] += weight;
	}
}

static void gain_experience(const struct workload_set *set, const struct definition *definition,
			    struct experience *out)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct workload *workload = set->workloads[i];
		uint32_t weight = 1;
		if (strcmp(workload->application, definition->application) == 0)
			weight = strcmp(workload->name, definition->name) == 0
				     ? WEIGHT_OF_SAME_WORKLOAD
				     : WEIGHT_OF_SAME_APPLICATION;
		if (workload->arch == ARCH_X86_64)
			gain_from(workload, weight, out);
	}
}

static void show_progress(void *context, const struct explore_progress *progress)
{
	(void)context;
	fprintf(stderr, "\r\033[K%s: %zu trials done, %zu known to come, about %.0f s",
		progress->phase, progress->done, progress->left, progress->seconds_left);
}

/* ---- all ---- */

/* One run without rules, for those who write a workload file. */
static int try_once(const struct arguments *arguments, const struct definition *definition)
{
	struct trial_runner *runner;
	struct error err = { 0 };
	struct output output;
	struct trial_outcome outcome;
	struct trial trial = { .definition = definition,
			       .limit_seconds = definition->limit_seconds };
	if (trial_runner_create(1, &runner, &err) != STATUS_OK)
		return report_error(definition->application, &err);
	enum status status = trial_run_all(runner, &trial, 1, NULL, NULL, &outcome, &err);
	trial_runner_destroy(runner);
	if (status != STATUS_OK)
		return report_error(definition->application, &err);
	int code = output_open(arguments, "sysgap-explore-try", 1, definition->name, &output);
	if (code != EXIT_DONE)
		return code;
	writer_text(output.writer, "end", "end", trial_end_name(outcome.end));
	writer_text(output.writer, "reason", "reason", outcome.text);
	writer_real(output.writer, "seconds", "seconds", (double)outcome.wall_ns / 1e9, 3);
	writer_real(output.writer, "test_seconds", "of them in the test",
		    (double)outcome.test_ns / 1e9, 3);
	writer_real(output.writer, "total_seconds", "with sandbox and preparation",
		    (double)outcome.total_ns / 1e9, 3);
	writer_real(output.writer, "metric",
		    definition->metric.name == NULL ? "metric" : definition->metric.name,
		    outcome.metric, 3);
	writer_integer(output.writer, "peak_bytes", "peak memory in bytes",
		       (int64_t)outcome.peak_bytes);
	writer_integer(output.writer, "descriptors", "open descriptors", outcome.descriptor_count);
	code = output_close(&output);
	return code == EXIT_DONE && outcome.end != TRIAL_PASSED ? EXIT_PROBLEM : code;
}

static int run_request(const struct arguments *arguments, struct explored *explored,
		       struct explore_request *request)
{
	struct explore_result result;
	struct error err = { 0 };
	bool terminal = isatty(STDERR_FILENO) != 0 && !argument_given(arguments, "quiet");
	if (terminal)
		request->progress = show_progress;
	struct output output;
	int code =
	    output_open(arguments, "sysgap-explore", 2,
			arena_printf(explored->arena, "%s under %s",
				     explored->definition->application, explored->definition->name),
			&output);
	if (code != EXIT_DONE)
		return code;
	enum status status = explore(request, explored->arena, &result, &err);
	if (terminal)
		fputs("\r\033[K", stderr);
	if (status == STATUS_OK && explored->store != NULL)
		status = explored_keep(explored, &result, &err);
	if (status != STATUS_OK) {
		output_discard(&output);
		return report_error(explored->definition->application, &err);
	}
	explored_report(explored, request, &result, output.writer);
	return output_close(&output);
}

static int run_trials(const struct arguments *arguments, struct explored *explored,
		      struct explore_request *request)
{
	uint32_t jobs = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct error err = { 0 };
	int code = read_count(arguments, "jobs", 256, &jobs);
	if (code != EXIT_DONE)
		return code;
	if (explored->store != NULL && store_relax(explored->store, &err) != STATUS_OK)
		code = stored_report(arguments, &err);
	if (code == EXIT_DONE && trial_runner_create(jobs, &request->runner, &err) != STATUS_OK)
		code = report_error("trials", &err);
	if (code == EXIT_DONE) {
		struct trial_means means = trial_runner_means(request->runner);
		if (!means.ebpf && !argument_given(arguments, "quiet"))
			fprintf(stderr, "sysgap: observed by ptrace, which is slower: %s\n",
				means.why_not.text);
		request->memory = explored_memory(explored);
		code = run_request(arguments, explored, request);
		trial_runner_destroy(request->runner);
	}
	return code;
}

/* Guesses from what is known, then all of it. The store is there before it is read. */
static int explore_and_keep(const struct arguments *arguments, struct explored *explored,
			    struct explore_request *request)
{
	struct arena *arena = explored->arena;
	struct experience *experience = arena_alloc(arena, 1, sizeof(*experience));
	struct problem_list problems = { .arena = arena };
	struct workload_set known;
	int code = EXIT_DONE;
	if (!argument_given(arguments, "forget"))
		code = stored_open(arguments, STORE_WRITE, &explored->store);
	if (code == EXIT_DONE)
		code = stored_load_every_workload(arguments, arena, &problems, &known);
	if (code == EXIT_DONE) {
		gain_experience(&known, explored->definition, experience);
		request->tolerance = tolerance;
		request->tolerance_context = experience;
		code = run_trials(arguments, explored, request);
	}
	store_close(explored->store);
	return code;
}

static int explore_in(const struct arguments *arguments, struct arena *arena)
{
	struct definition definition;
	struct explored explored = { .arena = arena,
				     .definition = &definition,
				     .fresh = argument_given(arguments, "fresh") };
	struct explore_request request = {
		.definition = &definition,
		.operations = argument_given(arguments, "operations"),
		.paths = argument_given(arguments, "files"),
		.effects = argument_given(arguments, "effects"),
	};
	struct error err = { 0 };
	if (argument_given(arguments, "list"))
		return list_definitions(arguments, arena);
	if (arguments->operand_count == 0)
		return usage_error(arguments, "a workload is missing: a name of --list, or a file");
	int code = read_modes(arguments, &request);
	if (code == EXIT_DONE)
		code = read_count(arguments, "replicas", EXPLORE_MAX_REPLICAS, &request.replicas);
	if (code == EXIT_DONE)
		code = load_definition(arguments->operands[0], arena, &definition);
	if (code == EXIT_DONE && explored_identify(&explored, &err) != STATUS_OK)
		code = report_error(arguments->operands[0], &err);
	if (code == EXIT_DONE && argument_given(arguments, "try"))
		return try_once(arguments, &definition);
	return code == EXIT_DONE ? explore_and_keep(arguments, &explored, &request) : code;
}

static int run_explore(const struct arguments *arguments)
{
	struct arena arena = { 0 };
	int code = explore_in(arguments, &arena);
	arena_finish(&arena);
	return code;
}

static const struct option_spec options[] = {
	{ 'l', "list", VALUE_NONE, NULL, NULL, "list the shipped workloads" },
	{ 't', "try", VALUE_NONE, NULL, NULL,
	  "run the workload once as it is and say how it went" },
	{ 'm', "modes", VALUE_TEXT, "ERRNOS", NULL,
	  "try other answers besides ENOSYS and 0, such as EPERM" },
	{ 0, "operations", VALUE_NONE, NULL, NULL,
	  "also each operation of ioctl, fcntl, prctl, ..." },
	{ 0, "files", VALUE_NONE, NULL, NULL, "also each file under /proc, /dev and /sys" },
	{ 'e', "effects", VALUE_NONE, NULL, NULL,
	  "measure time, metric, memory and descriptors with each answer alone" },
	{ 'r', "replicas", VALUE_NUMBER, "N", NULL,
	  "of each answer (default: the workload file's)" },
	{ 0, "fresh", VALUE_NONE, NULL, NULL, "do not use trials that the store has" },
	{ 0, "forget", VALUE_NONE, NULL, NULL, "neither use the store nor write to it" },
	{ 0 },
};

static const struct example examples[] = {
	{ "explore redis-benchmark", "what redis needs under redis-benchmark" },
	{ "explore --modes EPERM --operations --files my.yaml", "everything about one's own" },
	{ "explore --list", "the workloads that come with sysgap" },
	{ 0 },
};

const struct command cmd_explore = {
	.name = "explore",
	.usage = "WORKLOAD | FILE",
	.summary = "find which syscalls a workload needs",
	.details =
	    "Runs a workload (docs/workload-files.md) again and again, each time in a sandbox of "
	    "its own and with some syscalls answered in the kernel's place: by ENOSYS (stubbed), "
	    "by 0 (faked), or by another errno. What still works decides: required, stubbable, "
	    "fakeable, either; flaky where replicas disagree. In the end the largest set found "
	    "that may be missing at once is validated.\n\n"
	    "Every finished trial is kept in the store: an exploration that was stopped goes on "
	    "where it was. The verdicts are kept there, too, and other commands use them.\n\n"
	    "Works as root, and for an ordinary user where the kernel allows user namespaces.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_WORKLOAD,
	.min_operands = 0,
	.max_operands = 1,
	.run = run_explore,
};
