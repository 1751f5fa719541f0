#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/scanning.h"
#include "cli/unknown.h"
#include "syscalls/table.h"

enum { WHY_MAX_CHAINS = 64 };

/* The sites of one call, the nearest first. */
static size_t find_uses(const struct program *program, struct scanning *scanning, const char *name,
			const struct use **out_uses, size_t max_count)
{
	size_t count = 0;
	if (strcmp(name, tier_name(TIER_UNRESOLVED)) == 0)
		for (size_t i = 0; i < program->unresolved_count && count < max_count; i++)
			out_uses[count++] = &program->unresolved[i];
	for (size_t i = 0; i < program->use_count && count < max_count; i++)
		if (strcmp(scanning_use_name(scanning, &program->uses[i]), name) == 0)
			out_uses[count++] = &program->uses[i];
	return count;
}

static const char *address_text(struct scanning *scanning, uint64_t va)
{
	return arena_printf(&scanning->arena, "%#llx", (unsigned long long)va);
}

static const char *source_text(enum number_source source)
{
	switch (source) {
	case NUMBER_CONSTANT:
		return "constant in the function that makes the call";
	case NUMBER_PASSED:
		return "constant in the first function that passes it on";
	case NUMBER_MEMORY:
		return "read from memory that other code might change";
	case NUMBER_UNKNOWN:
		break;
	}
	return "not known";
}

static void write_chain(struct scanning *scanning, const struct program *program,
			const struct use *use, const char *name, bool main, struct writer *writer)
{
	static const struct column columns[] = {
		{ "function", "Function", COLUMN_TEXT }, { "how", "Does", COLUMN_TEXT },
		{ "next", "What", COLUMN_TEXT },         { "address", "At", COLUMN_TEXT },
		{ "file", NULL, COLUMN_TEXT }, /* "Function" begins with its name */
	};
	const struct step *steps;
	enum number_source source;
	size_t count = program_chain(program, &scanning->arena, use, &steps, &source);
	writer_text(writer, "tier", "Tier", tier_name(use->tier));
	writer_text(writer, "certainty", "Certainty", use->assumed ? "assumed" : "exact");
	writer_text(writer, "number", "Number", source_text(source));
	writer_table_begin(writer, "steps", NULL, columns, 5, main);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count;
		writer_cell_text(writer, scanning_step_name(scanning, &steps[i]));
		writer_cell_text(writer, steps[i].how);
		writer_cell_text(writer, last ? name : scanning_step_name(scanning, &steps[i + 1]));
		writer_cell_text(writer, address_text(scanning, steps[i].va));
		writer_cell_text(writer, steps[i].path);
	}
	writer_table_end(writer);
}

/* Graphviz; source: its DOT language page. Names cannot hold quotes after escaping. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc((unsigned char)*text < ' ' ? '?' : *text, out);
	}
	fputc('"', out);
}

static void print_graph(struct scanning *scanning, const struct program *program,
			const struct use *const *uses, size_t use_count, const char *name,
			FILE *out)
{
	fputs("digraph why {\n\tnode [shape=box];\n\t", out);
	print_quoted(out, name);
	fputs(" [shape=ellipse];\n", out);
	for (size_t i = 0; i < use_count; i++) {
		const struct step *steps;
		size_t count = program_chain(program, &scanning->arena, uses[i], &steps, NULL);
		for (size_t k = 0; k < count; k++) {
			fputc('\t', out);
			print_quoted(out, scanning_step_name(scanning, &steps[k]));
			fputs(" -> ", out);
			print_quoted(out, k + 1 == count
					      ? name
					      : scanning_step_name(scanning, &steps[k + 1]));
			fputs(" [label=", out);
			print_quoted(out, arena_printf(&scanning->arena, "%s %#llx", steps[k].how,
						       (unsigned long long)steps[k].va));
			fputs("];\n", out);
		}
	}
	fputs("}\n", out);
}

static int explain(struct scanning *scanning)
{
	const struct arguments *arguments = scanning->arguments;
	const char *wanted = argument_value(arguments, "chains");
	uint64_t max = 1;
	if (wanted != NULL && (!slice_parse_uint(slice_of_string(wanted), 10, &max) || max == 0 ||
			       max > WHY_MAX_CHAINS))
		return usage_error(arguments, "--chains needs a number from 1 to %d",
				   WHY_MAX_CHAINS);
	const struct syscall *call = syscall_by_name(slice_of_string(arguments->operands[1]));
	const char *name = call == NULL ? arguments->operands[1] : call->name;
	struct program program;
	int code = scanning_program(scanning, arguments->operands[0], &program);
	if (code != EXIT_DONE)
		return code;
	const struct use *uses[WHY_MAX_CHAINS];
	size_t count = find_uses(&program, scanning, name, uses, max);
	if (count == 0 && call == NULL && strcmp(name, tier_name(TIER_UNRESOLVED)) != 0)
		return unknown_syscall(arguments, name);
	struct output output;
	if (argument_given(arguments, "graph")) {
		code = output_open_plain(arguments, &output);
		if (code != EXIT_DONE)
			return code;
		print_graph(scanning, &program, uses, count, name, output.file);
		return output_close(&output);
	}
	code = output_open(
	    arguments, "sysgap-why", 1,
	    arena_printf(&scanning->arena, "Why %s can call %s", arguments->operands[0], name),
	    &output);
	if (code != EXIT_DONE)
		return code;
	writer_text(output.writer, "program", NULL, arguments->operands[0]);
	writer_text(output.writer, "syscall", NULL, name);
	writer_bool(output.writer, "found", "Can call it", count > 0);
	writer_integer(output.writer, "unresolved", "Sites whose number is not known",
		       (int64_t)program.unresolved_count);
	writer_array_begin(output.writer, "chains", NULL);
	for (size_t i = 0; i < count; i++) {
		writer_array_item(output.writer,
				  arena_printf(&scanning->arena, "Chain %zu", i + 1));
		write_chain(scanning, &program, uses[i], name, i == 0, output.writer);
	}
	writer_array_end(output.writer);
	return output_close(&output);
}

static int run_why(const struct arguments *arguments)
{
	struct scanning scanning;
	scanning_open(&scanning, arguments);
	int code = explain(&scanning);
	scanning_close(&scanning);
	return code;
}

static const struct option_spec options[] = {
	{ 'n', "chains", VALUE_NUMBER, "N", NULL,
	  "show up to N chains, each to another instruction (default: 1)" },
	{ 0, "graph", VALUE_NONE, NULL, NULL, "print the chains as a graph for Graphviz's dot" },
	SCANNING_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "why nginx splice", "function by function, across libraries, to the instruction" },
	{ "why -n 3 --graph redis-server execve | dot -Tsvg", "three chains as a picture" },
	{ 0 },
};

const struct command cmd_why = {
	.name = "why",
	.usage = "PROGRAM SYSCALL",
	.summary = "by which chain of calls a program can make a syscall",
	.details = "Shows the shortest chain from where control starts to the syscall instruction. "
		   "A step either calls the next function, jumps to it, or takes its address, so "
		   "that it may be called through a pointer. In the place of a syscall's name "
		   "'unresolved' stands for the instructions whose number is not known.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_FILE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_why,
};
