#include <string.h>

#include "base/arena.h"
#include "cli/output.h"
#include "cli/unknown.h"
#include "syscalls/table.h"

static bool is_wanted(const struct arguments *arguments, const struct syscall *call, enum arch arch)
{
	if (arguments->operand_count == 0)
		return call->numbers[arch] >= 0;
	for (size_t i = 0; i < arguments->operand_count; i++) {
		struct slice operand = slice_of_string(arguments->operands[i]);
		uint64_t number;
		if (slice_parse_uint(operand, 10, &number)
			? number <= INT16_MAX && (int64_t)number == call->numbers[arch]
			: syscall_by_name(operand) == call)
			return true;
	}
	return false;
}

static void describe(const struct arguments *arguments, enum arch arch,
		     const struct syscall *const *calls, size_t count, struct writer *writer)
{
	struct column columns[ARCH_COUNT + 2] = { { "syscall", "Syscall", COLUMN_TEXT },
						  { "since", "Since Linux", COLUMN_TEXT } };
	for (int i = 0; i < ARCH_COUNT; i++)
		columns[i + 2] = (struct column){ arch_name((enum arch)i), arch_name((enum arch)i),
						  COLUMN_TEXT }; /* empty: has no such call */
	writer_text(writer, "arch", NULL, arch_name(arch));
	writer_table_begin(writer, "syscalls", NULL, columns, ARCH_COUNT + 2, true);
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(arguments, calls[i], arch))
			continue;
		writer_cell_text(writer, calls[i]->name);
		writer_cell_text(writer, calls[i]->since);
		for (int j = 0; j < ARCH_COUNT; j++) {
			if (calls[i]->numbers[j] < 0)
				writer_cell_text(writer, NULL);
			else
				writer_cell_integer(writer, calls[i]->numbers[j]);
		}
	}
	writer_table_end(writer);
}

/* Every operand must be a call, so that a mistyped one is not a silent empty answer. */
static int check_operands(const struct arguments *arguments, enum arch arch)
{
	for (size_t i = 0; i < arguments->operand_count; i++) {
		struct slice operand = slice_of_string(arguments->operands[i]);
		uint64_t number;
		bool known = slice_parse_uint(operand, 10, &number)
				 ? number < SYSCALL_NUMBER_LIMIT &&
				       syscall_by_number(arch, (uint32_t)number) != NULL
				 : syscall_by_name(operand) != NULL;
		if (!known)
			return unknown_syscall(arguments, arguments->operands[i]);
	}
	return EXIT_DONE;
}

static int run_syscalls(const struct arguments *arguments)
{
	const char *arch_option = argument_value(arguments, "arch");
	enum arch arch = arch_option == NULL ? ARCH_X86_64 : (enum arch)arch_from_name(arch_option);
	int code = check_operands(arguments, arch);
	if (code != EXIT_DONE)
		return code;
	struct output output;
	code = output_open(arguments, "sysgap-syscalls", 1, "Linux syscalls", &output);
	if (code != EXIT_DONE)
		return code;
	struct arena arena = { 0 };
	const struct syscall **calls = arena_alloc(&arena, syscall_count(), sizeof(*calls));
	size_t count = 0;
	for (uint32_t number = 0; number < SYSCALL_NUMBER_LIMIT; number++) /* by number… */
		if (syscall_by_number(arch, number) != NULL)
			calls[count++] = syscall_by_number(arch, number);
	for (size_t i = 0; i < syscall_count(); i++) /* …then those of other architectures */
		if (syscall_at(i)->numbers[arch] < 0)
			calls[count++] = syscall_at(i);
	describe(arguments, arch, calls, count, output.writer);
	arena_finish(&arena);
	return output_close(&output);
}

const struct command cmd_syscalls = {
	.name = "syscalls",
	.usage = "[NAME|NUMBER]…",
	.summary = "names, numbers and ages of Linux syscalls",
	.details = "Without operands all of the architecture, by number. Names and numbers pick "
		   "some; a number is one of the architecture.",
	.examples =
	    (const struct example[]){
		{ "syscalls 435 openat2", "what call 435 of x86_64 is, and all of openat2" },
		{ "syscalls --arch riscv64 --format names", "every name, for a pipeline" },
		{ 0 },
	    },
	.operand_kind = VALUE_SYSCALL,
	.max_operands = SIZE_MAX,
	.run = run_syscalls,
};
