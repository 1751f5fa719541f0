#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/output.h"
#include "scan/system.h"
#include "syscalls/table.h"

static const struct option_spec options[] = {
	{ 0, "tier", VALUE_CHOICE, "TIER", "exact|plugin",
	  "only uses of the program and the libraries it names, or with plug-ins (default)" },
	{ 0, "sysroot", VALUE_DIRECTORY, "DIR", NULL, "find libraries below this folder" },
	{ 0 },
};

const char *use_name(const struct use *use, char *buffer);
const char *use_name(const struct use *use, char *buffer)
{
	return syscall_name(use->arch, use->number, buffer);
}

static void describe(const struct program *program, struct arena *arena, struct writer *writer)
{
	static const struct column columns[] = { { "syscall", "Syscall", COLUMN_TEXT },
						 { "tier", "Tier", COLUMN_TEXT } };
	(void)arena;
	writer_integer(writer, "modules", "Files", (int64_t)program->file_count);
	writer_integer(writer, "unresolved", "Sites with unknown number",
		       (int64_t)program->unresolved_count);
	writer_table_begin(writer, "syscalls", NULL, columns, 2, true);
	for (size_t i = 0; i < program->use_count; i++) {
		char buffer[SYSCALL_NAME_BYTES];
		writer_cell_text(writer, use_name(&program->uses[i], buffer));
		writer_cell_text(writer, tier_name(program->uses[i].tier));
	}
	writer_table_end(writer);
	for (size_t i = 0; getenv("CHAINS") && i < program->use_count; i++) {
		const struct step *steps;
		char buffer[SYSCALL_NAME_BYTES];
		size_t count = program_chain(program, arena, &program->uses[i], &steps);
		fprintf(stderr, "%s:", use_name(&program->uses[i], buffer));
		for (size_t k = 0; k < count; k++)
			fprintf(stderr, " %s:%s(%jx)@%jx %s", strrchr(steps[k].path, '/') + 1, steps[k].function,(uintmax_t)steps[k].function_va,
				(uintmax_t)steps[k].va, steps[k].how);
		fprintf(stderr, "\n");
	}
	for (size_t i = 0; i < program->unresolved_count; i++) {
		const struct step *steps;
		size_t count = program_chain(program, arena, &program->unresolved[i], &steps);
		fprintf(stderr, "unresolved:");
		for (size_t k = 0; k < count; k++)
			fprintf(stderr, " %s:%s@%jx", strrchr(steps[k].path, '/') + 1, steps[k].function,
				(uintmax_t)steps[k].va);
		fprintf(stderr, "\n");
	}
}

static int run_scan(const struct arguments *arguments)
{
	struct output output;
	int code = output_open(arguments, "sysgap-scan", 1, "Syscalls", &output);
	if (code != EXIT_DONE)
		return code;
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct error err;
	struct system_files files;
	const char *path;
	struct slice bytes;
	const char *root = argument_value(arguments, "sysroot");
	const char *tier = argument_value(arguments, "tier");
	struct program program;
	enum status status = system_files_open(&files, &arena, root == NULL ? "" : root,
					       arguments->operands[0], &path, &bytes, &err);
	if (status == STATUS_OK)
		status = program_scan(path, bytes, &files.files,
				      tier == NULL || strcmp(tier, "exact") != 0, &problems,
				      &program, &err);
	report_problems(&problems, arguments);
	if (status != STATUS_OK) {
		output_discard(&output);
		return report_error(arguments->operands[0], &err);
	}
	describe(&program, &arena, output.writer);
	system_files_close(&files);
	arena_finish(&arena);
	return output_close(&output);
}

const struct command cmd_scan = {
	.name = "scan",
	.usage = "FILE",
	.summary = "which syscalls a program can make",
	.options = options,
	.examples = (const struct example[]){ { "scan /bin/ls", "what ls can call" }, { 0 } },
	.operand_kind = VALUE_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_scan,
};
