#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/packages.h"
#include "cli/selection.h"
#include "cli/unknown.h"
#include "syscalls/table.h"

/* A workload that uses the call. */
struct user {
	const struct workload *workload;
	const char *key;
	enum verdict verdict;
};

struct users {
	struct user *users; /* by verdict, then key */
	size_t count;
	size_t verdict_count[VERDICT_COUNT];
};

static int compare_users(const void *left, const void *right)
{
	const struct user *a = left;
	const struct user *b = right;
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	return strcmp(a->key, b->key);
}

static struct users find_users(struct facts *facts, struct workload_set workloads, uint32_t number)
{
	struct users users = { .users = arena_alloc(&facts->arena, workloads.count,
						    sizeof(struct user)) };
	for (size_t i = 0; i < workloads.count; i++) {
		const struct workload_use *use = workload_find_use(workloads.workloads[i], number);
		if (use == NULL)
			continue;
		users.users[users.count++] = (struct user){
			.workload = workloads.workloads[i],
			.key = workload_key(&facts->arena, workloads.workloads[i]),
			.verdict = use->verdict,
		};
		users.verdict_count[use->verdict]++;
	}
	if (users.count > 0)
		qsort(users.users, users.count, sizeof(*users.users), compare_users);
	return users;
}

/* What each verdict says, in the words of the result. */
static const struct {
	const char *key;
	const char *title;
	bool always; /* also when nobody has it */
} verdict_words[VERDICT_COUNT] = {
	[VERDICT_REQUIRED] = { "required", "Required by", true },
	[VERDICT_STUBBABLE] = { "stubbable", "Stubbing works in", true },
	[VERDICT_FAKEABLE] = { "fakeable", "Faking works in", true },
	[VERDICT_EITHER] = { "either", "Either works in", true },
	[VERDICT_FLAKY] = { "flaky", "Runs disagree in", false },
	[VERDICT_UNTESTED] = { "untested", "Not tried in", false },
};

static void describe_users(const struct users *users, struct writer *writer)
{
	static const struct column columns[] = {
		{ "workload", "Workload", COLUMN_TEXT },
		{ "application", NULL, COLUMN_TEXT }, /* the name says both */
		{ "kind", NULL, COLUMN_TEXT },
		{ "verdict", "Verdict", COLUMN_TEXT },
	};
	writer_table_begin(writer, "workloads", "Workloads that use it", columns, 4, true);
	for (size_t i = 0; i < users->count; i++) {
		const struct user *user = &users->users[i];
		writer_cell_text(writer, user->key);
		writer_cell_text(writer, user->workload->application);
		writer_cell_text(writer, workload_kind_name(user->workload->kind));
		writer_cell_text(writer, verdict_name(user->verdict));
	}
	writer_table_end(writer);
}

static int describe(struct facts *facts, struct workload_set workloads, uint32_t number,
		    struct writer *writer)
{
	struct users users = find_users(facts, workloads, number);
	const struct syscall *call = syscall_by_number(facts->arch, number);
	writer_text(writer, "syscall", NULL, facts_syscall_name(facts, number));
	writer_text(writer, "arch", "Architecture", arch_name(facts->arch));
	writer_integer(writer, "number", "Number", number);
	writer_text(writer, "since", "Since Linux", call == NULL ? NULL : call->since);
	writer_integer(writer, "used", NULL, (int64_t)users.count);
	writer_integer(writer, "of_workloads", NULL, (int64_t)workloads.count);
	writer_share(writer, NULL, "Used by workloads", users.count, workloads.count);
	writer_section_begin(writer, "verdicts", NULL);
	for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		size_t count = users.verdict_count[verdict];
		bool shown = verdict_words[verdict].always || count > 0;
		writer_integer(writer, verdict_words[verdict].key,
			       shown ? verdict_words[verdict].title : NULL, (int64_t)count);
	}
	writer_section_end(writer);
	writer_note(
	    writer, NULL,
	    "Required: fails when the call returns ENOSYS and when it returns 0. Stubbable: "
	    "works with ENOSYS. Fakeable: works with 0. Either: works both ways.");
	describe_users(&users, writer);
	const struct api api = { API_SYSCALL, facts->arch, number, 0, "" };
	return packages_describe_users(facts, &api, false, writer);
}

/* A name, or a number for calls that have none. */
static int find_number(const struct facts *facts, const char *word, uint32_t *out_number)
{
	uint64_t number;
	if (syscall_number_of(facts->arch, slice_of_string(word), out_number))
		return EXIT_DONE;
	if (slice_parse_uint(slice_of_string(word), 10, &number) && number <= UINT32_MAX) {
		*out_number = (uint32_t)number;
		return EXIT_DONE;
	}
	if (syscall_by_name(slice_of_string(word)) != NULL)
		return usage_error(facts->arguments, "%s has no syscall '%s'",
				   arch_name(facts->arch), word);
	return unknown_syscall(facts->arguments, word);
}

/* Of operations, pseudo-files and functions only packages are known to use them. */
static int describe_other(struct facts *facts, const struct api *api, const char *word)
{
	struct output output;
	if (api->kind == API_OPERATION)
		word = packages_operation_name(facts, api);
	int code = output_open(facts->arguments, "sysgap-api-users", 1,
			       arena_printf(&facts->arena, "Who uses %s", word), &output);
	if (code != EXIT_DONE)
		return code;
	writer_text(output.writer, "api", NULL, word);
	writer_text(output.writer, "kind", "Kind", api_kind_name(api->kind));
	if (api->kind == API_OPERATION)
		writer_text(output.writer, "value", "Value",
			    arena_printf(&facts->arena, "%#jx", (uintmax_t)api->value));
	code = packages_describe_users(facts, api, true, output.writer);
	if (code == EXIT_DONE)
		return output_close(&output);
	output_discard(&output);
	return code;
}

static int run_users(const struct arguments *arguments)
{
	struct facts facts;
	struct selection selection;
	struct output output;
	uint32_t number = 0;
	int code = facts_open(arguments, &facts);
	struct api other;
	if (code == EXIT_DONE && packages_parse_api(&facts, arguments->operands[0], &other) &&
	    other.kind != API_SYSCALL) {
		code = describe_other(&facts, &other, arguments->operands[0]);
		facts_close(&facts);
		return code;
	}
	if (code == EXIT_DONE)
		code = find_number(&facts, arguments->operands[0], &number);
	if (code == EXIT_DONE)
		code = selection_make(&facts, WORKLOAD_ANY, &selection);
	if (code == EXIT_DONE) {
		const char *title =
		    arena_printf(&facts.arena, "Who uses %s", facts_syscall_name(&facts, number));
		code = output_open(arguments, "sysgap-users", 1, title, &output);
	}
	if (code == EXIT_DONE) {
		code = describe(&facts, selection.asked ? selection.kept : selection.all, number,
				output.writer);
		if (code == EXIT_DONE)
			code = output_close(&output);
		else
			output_discard(&output);
	}
	facts_close(&facts);
	return code;
}

static const struct option_spec options[] = {
	SELECTION_WORKLOAD_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "users prctl", "who uses prctl, and who can do without" },
	{ "users libc:mremap", "packages whose programs call a function of the C library" },
	{ "users rseq --workloads benchmark --format names", "the benchmarks, one a line" },
	{ 0 },
};

const struct command cmd_users = {
	.name = "users",
	.usage = "SYSCALL | CALL:OPERATION | /proc/… | libc:FUNCTION",
	.summary = "who uses a syscall, and who can do without",
	.details =
	    "The workloads that use a syscall, with what was seen when it was taken from them: "
	    "required, or works when it returns ENOSYS (stubbable), when it returns 0 without "
	    "doing "
	    "anything (fakeable), or both ways (either).\n\n"
	    "The packages in the store ('sysgap scan') whose programs can make the call, by how "
	    "many systems have them, with the chain of functions to where it is made. Of packages "
	    "also operations (ioctl:TCGETS, ioctl:0x5401), pseudo-files (/proc/self/maps) and "
	    "functions of the C "
	    "library (libc:printf) are known.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_SYSCALL,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_users,
};
