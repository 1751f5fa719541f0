/* sysgap trace: one run of a command -> the syscalls, operations and pseudo-files it used. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/names.h"
#include "cli/output.h"
#include "explore/run.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"
#include "workload/loupe.h"

extern char **environ;

enum { LONGEST_LIMIT = 1000000000 };

static const char *const means_names[] = {
	[RUN_BEST] = "auto", [RUN_EBPF] = "ebpf", [RUN_PTRACE] = "ptrace"
};

/* i386 calls have names of their own; some run beside the others on a 64-bit machine. */
static const char *call_name(const struct observed_call *call, struct arena *arena)
{
	char buffer[SYSCALL_NAME_BYTES];
	if (call->compat)
		return arena_printf(arena, "i386:%s",
				    syscall_name(ARCH_I386, call->number, buffer));
	return arena_string(arena, syscall_name(ARCH_X86_64, call->number, buffer));
}

static const char *command_line(const struct arguments *arguments, struct arena *arena)
{
	const char *line = arguments->operands[0];
	for (size_t i = 1; i < arguments->operand_count; i++)
		line = arena_printf(arena, "%s %s", line, arguments->operands[i]);
	return line;
}

static void write_calls(struct writer *writer, const struct observation *observation,
			struct arena *arena)
{
	static const struct column columns[] = {
		{ "syscall", "syscall", COLUMN_TEXT },
		{ "number", "number", COLUMN_NUMBER },
		{ "calls", "calls", COLUMN_NUMBER },
		{ "programs", "programs", COLUMN_LIST },
	};
	const char **programs = arena_alloc(arena, observation->program_count, sizeof(*programs));
	writer_table_begin(writer, "syscalls", "Syscalls", columns, 4, true);
	for (size_t i = 0; i < observation->tree.call_count; i++) {
		const struct observed_call *call = &observation->tree.calls[i];
		size_t count = 0;
		for (size_t p = 0; p < observation->program_count; p++)
			if (observation_find(&observation->programs[p], call->number,
					     call->compat) != NULL)
				programs[count++] = observation->programs[p].path;
		writer_cell_text(writer, call_name(call, arena));
		writer_cell_integer(writer, call->number);
		writer_cell_integer(writer, (int64_t)(call->entered_count + call->skipped_count));
		writer_cell_list(writer, programs, count);
	}
	writer_table_end(writer);
}

static void write_operations(struct writer *writer, const struct observation *observation,
			     struct arena *arena)
{
	static const struct column columns[] = {
		{ "syscall", "syscall", COLUMN_TEXT },
		{ "operation", "operation", COLUMN_TEXT },
		{ "value", NULL, COLUMN_TEXT },
		{ "calls", "calls", COLUMN_NUMBER },
	};
	writer_table_begin(writer, "operations", "Operations of vectored calls", columns, 4, false);
	for (size_t i = 0; i < observation->operation_count; i++) {
		const struct observed_operation *operation = &observation->operations[i];
		struct observed_call call = { .number = operation->number };
		writer_cell_text(writer, call_name(&call, arena));
		writer_cell_text(writer,
				 operation_name(ARCH_X86_64, operation->number, OPERATION_OBSERVED,
						operation->value, arena));
		writer_cell_text(
		    writer, arena_printf(arena, "%#llx", (unsigned long long)operation->value));
		writer_cell_integer(writer, (int64_t)operation->count);
	}
	writer_table_end(writer);
}

static void write_paths(struct writer *writer, const struct observation *observation)
{
	static const struct column columns[] = {
		{ "path", "path", COLUMN_TEXT },
		{ "uses", "uses", COLUMN_NUMBER },
	};
	writer_table_begin(writer, "pseudo_files", "Pseudo-files", columns, 2, false);
	for (size_t i = 0; i < observation->path_count; i++) {
		writer_cell_text(writer, observation->paths[i].path);
		writer_cell_integer(writer, (int64_t)observation->paths[i].count);
	}
	writer_table_end(writer);
}

static void write_programs(struct writer *writer, const struct observation *observation)
{
	static const struct column columns[] = {
		{ "program", "program", COLUMN_TEXT },
		{ "distinct", "distinct syscalls", COLUMN_NUMBER },
		{ "calls", "calls", COLUMN_NUMBER },
	};
	writer_table_begin(writer, "programs", "Programs", columns, 3, false);
	for (size_t i = 0; i < observation->program_count; i++) {
		const struct observed_program *program = &observation->programs[i];
		uint64_t calls = 0;
		for (size_t c = 0; c < program->call_count; c++)
			calls += program->calls[c].entered_count + program->calls[c].skipped_count;
		writer_cell_text(writer, program->path);
		writer_cell_integer(writer, (int64_t)program->call_count);
		writer_cell_integer(writer, (int64_t)calls);
	}
	writer_table_end(writer);
}

static void write_losses(struct writer *writer, const struct observation *observation)
{
	uint64_t sum = 0;
	for (int loss = 0; loss < OBSERVER_LOSS_COUNT; loss++) {
		sum += observation->losses[loss];
		if (observation->losses[loss] > 0)
			writer_note(writer, NULL, "Lost: %llu %s.",
				    (unsigned long long)observation->losses[loss],
				    observer_loss_text((enum observer_loss)loss));
	}
	writer_integer(writer, "lost", "lost", (int64_t)sum);
}

static void write_result(struct writer *writer, const struct run_result *result,
			 struct arena *arena)
{
	writer_text(writer, "means", "observed by", means_names[result->means]);
	if (WIFSIGNALED(result->wait_status))
		writer_integer(writer, "signal", "ended by signal", WTERMSIG(result->wait_status));
	else
		writer_integer(writer, "exit", "exit status", WEXITSTATUS(result->wait_status));
	writer_bool(writer, "timed_out", "ended at the limit", result->timed_out);
	writer_bool(writer, "left_running", "processes left running", result->left_running);
	write_losses(writer, &result->observation);
	write_calls(writer, &result->observation, arena);
	write_programs(writer, &result->observation);
	write_operations(writer, &result->observation, arena);
	write_paths(writer, &result->observation);
}

static bool is_loupe(const struct arguments *arguments)
{
	const char *format = argument_value(arguments, "format");
	return format != NULL && strcmp(format, "loupe") == 0;
}

/* A Loupe database of one workload whose calls nobody tried to do without. */
static int write_loupe(const struct arguments *arguments, const struct observation *observation,
		       struct arena *arena)
{
	const char *directory = argument_value(arguments, "output");
	struct workload_use *uses = arena_alloc(arena, observation->tree.call_count, sizeof(*uses));
	size_t count = 0;
	for (size_t i = 0; i < observation->tree.call_count; i++)
		if (!observation->tree.calls[i].compat)
			uses[count++] = (struct workload_use){ observation->tree.calls[i].number,
							       VERDICT_UNTESTED };
	const struct workload workload = {
		.application = names_of_path(arguments->operands[0]),
		.name = "benchmark-trace",
		.run = "trace",
		.kind = WORKLOAD_BENCHMARK,
		.arch = ARCH_X86_64,
		.uses = uses,
		.use_count = count,
	};
	const struct workload *const one[] = { &workload };
	struct error err;
	if (loupe_write(directory, workload_set_create(arena, one, 1), &err) != STATUS_OK)
		return report_error(directory, &err);
	return EXIT_DONE;
}

/* Seconds; 0: no limit. */
static bool read_limit(const struct arguments *arguments, uint64_t *out_seconds)
{
	const char *text = argument_value(arguments, "limit");
	*out_seconds = 0;
	return text == NULL || (slice_parse_uint(slice_of_string(text), 10, out_seconds) &&
				*out_seconds > 0 && *out_seconds <= LONGEST_LIMIT);
}

static struct run_request request_of(const struct arguments *arguments, uint64_t limit_seconds,
				     struct arena *arena)
{
	const char *means = argument_value(arguments, "means");
	const char *file = argument_value(arguments, "output");
	const char **words = arena_alloc(arena, arguments->operand_count + 1, sizeof(*words));
	memcpy(words, arguments->operands, arguments->operand_count * sizeof(*words));
	return (struct run_request){
		.words = words,
		.environment = (const char *const *)environ,
		.output = file == NULL || strcmp(file, "-") == 0 ? STDERR_FILENO : -1,
		.means =
		    means == NULL ? RUN_BEST : (enum run_means)names_find(means_names, 3, means),
		.wait_for_all = argument_given(arguments, "wait"),
		.limit_seconds = (double)limit_seconds,
	};
}

static int trace_into(const struct arguments *arguments, struct arena *arena)
{
	if (is_loupe(arguments) && argument_value(arguments, "output") == NULL)
		return usage_error(arguments, "--format loupe needs --output DIRECTORY");
	uint64_t limit_seconds;
	if (!read_limit(arguments, &limit_seconds))
		return usage_error(arguments, "--limit: 1 to %d expected", LONGEST_LIMIT);
	struct run_request request = request_of(arguments, limit_seconds, arena);
	struct run_result result;
	struct error err = { 0 };
	if (run_observed(&request, arena, &result, &err) != STATUS_OK)
		return report_error(arguments->operands[0], &err);
	if (result.fallback.status != STATUS_OK && !argument_given(arguments, "quiet"))
		fprintf(stderr, "sysgap: observed by ptrace, which is slower: %s\n",
			result.fallback.text);
	if (is_loupe(arguments))
		return write_loupe(arguments, &result.observation, arena);
	struct output output;
	const char *title = arena_printf(arena, "Syscalls of %s", command_line(arguments, arena));
	int code = output_open(arguments, "sysgap-trace", 2, title, &output);
	if (code != EXIT_DONE)
		return code;
	write_result(output.writer, &result, arena);
	return output_close(&output);
}

static int run_trace(const struct arguments *arguments)
{
	struct arena arena = { 0 };
	int code = trace_into(arguments, &arena);
	arena_finish(&arena);
	return code;
}

static const struct option_spec options[] = {
	{ 'f', "format", VALUE_CHOICE, "FORMAT", "text|md|json|html|tsv|names|loupe",
	  "how to write the result (default: text); loupe: a database in --output DIRECTORY" },
	{ 0, "means", VALUE_CHOICE, "MEANS", "auto|ebpf|ptrace",
	  "how to observe (default: ebpf where it can be had)" },
	{ 0, "limit", VALUE_NUMBER, "SECONDS", NULL,
	  "end the command and all it started after this time" },
	{ 'w', "wait", VALUE_NONE, NULL, NULL, "wait for everything the command leaves running" },
	{ 0 },
};

static const struct example examples[] = {
	{ "trace -- ls /", "what ls uses" },
	{ "trace --format names -o needed.txt -- ./run-tests", "one syscall per line" },
	{ "trace --limit 10 -- nginx -g 'daemon off;'", "ten seconds of a server" },
	{ "trace --format loupe -o database -- ./run-tests", "for tools that read Loupe's form" },
	{ 0 },
};

const struct command cmd_trace = {
	.name = "trace",
	.usage = "-- COMMAND [ARGUMENT…]",
	.summary = "run a command and list the syscalls it uses",
	.details =
	    "Counts every syscall of the command and of everything it starts: per program, with "
	    "the "
	    "operations of calls such as ioctl and fcntl, and the files under /proc, "
	    "/dev and /sys.\nAs root the counting is done in the kernel (eBPF); else each call "
	    "stops "
	    "at ptrace(2), on one CPU, and setuid programs run without their privileges.\n\n"
	    "The command's own output goes to standard error, unless --output names a file for the "
	    "result.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_FILE,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run_trace,
};
