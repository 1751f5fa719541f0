#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/scanning.h"
#include "cli/unknown.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"

enum { WHY_MAX_CHAINS = 64 };

/* What is asked for: a call, or one operation of it. */
struct wanted {
	const char *name;
	bool known; /* that there is such a call and operation */
	bool is_operation;
	bool any; /* the operation whose value may be anything */
	enum arch arch;
	uint32_t number;
	uint64_t value;
};

/* Where it is done. */
struct found {
	const struct use *use;
	const struct operation_use *operation; /* NULL: the call itself is asked for */
};

static const char *operation_text(struct scanning *scanning, const struct operation_use *operation)
{
	char buffer[SYSCALL_NAME_BYTES];
	return arena_printf(&scanning->arena, "%s:%s",
			    syscall_name(operation->arch, operation->number, buffer),
			    operation->known ? operation_name(operation->arch, operation->number,
							      OPERATION_SELECTOR, operation->value,
							      &scanning->arena)
					     : "any");
}

/* "CALL" or "CALL:OPERATION". */
static int read_wanted(struct scanning *scanning, const struct program *program,
		       struct wanted *out_wanted)
{
	const char *word = scanning->arguments->operands[1];
	const char *colon = strchr(word, ':');
	const struct syscall *call = syscall_by_name(slice_of_string(word));
	struct wanted wanted = { .name = call == NULL ? word : call->name, .known = call != NULL };
	enum arch arch = program->arch;
	if (colon != NULL && strncmp(word, "i386:", (size_t)(colon + 1 - word)) != 0) {
		struct slice name = { (const uint8_t *)word, (size_t)(colon - word) };
		const char *plain = arena_slice(&scanning->arena, name);
		if (!syscall_number_of(arch, name, &wanted.number))
			return unknown_syscall(scanning->arguments, plain);
		wanted.known = wanted.is_operation = true;
		wanted.arch = arch;
		wanted.any = strcmp(colon + 1, "any") == 0;
		if (!wanted.any && !operation_value_of(arch, wanted.number, OPERATION_SELECTOR,
						       slice_of_string(colon + 1), &wanted.value))
			return unknown_operation(scanning->arguments, plain, colon + 1);
		const struct operation_use shown = { .arch = arch,
						     .number = wanted.number,
						     .known = !wanted.any,
						     .value = wanted.value };
		wanted.name = operation_text(scanning, &shown);
	}
	*out_wanted = wanted;
	return EXIT_DONE;
}

static size_t find_operation(const struct program *program, const struct wanted *wanted,
			     struct found *out_found)
{
	for (size_t i = 0; i < program->operation_count; i++) {
		const struct operation_use *operation = &program->operations[i];
		if (operation->arch == wanted->arch && operation->number == wanted->number &&
		    operation->known != wanted->any && operation->value == wanted->value) {
			*out_found = (struct found){ &operation->use, operation };
			return 1;
		}
	}
	return 0;
}

/* The sites of one call, the nearest first. */
static size_t find_uses(const struct program *program, struct scanning *scanning,
			const struct wanted *wanted, struct found *out_uses, size_t max_count)
{
	size_t count = 0;
	const char *name = wanted->name;
	if (wanted->is_operation)
		return find_operation(program, wanted, out_uses);
	if (strcmp(name, tier_name(TIER_UNRESOLVED)) == 0)
		for (size_t i = 0; i < program->unresolved_count && count < max_count; i++)
			out_uses[count++] = (struct found){ &program->unresolved[i], NULL };
	for (size_t i = 0; i < program->use_count && count < max_count; i++)
		if (strcmp(scanning_use_name(scanning, &program->uses[i]), name) == 0)
			out_uses[count++] = (struct found){ &program->uses[i], NULL };
	return count;
}

static size_t find_chain(struct scanning *scanning, const struct program *program,
			 const struct found *found, const struct step **out_steps,
			 enum number_source *out_source)
{
	if (found->operation != NULL)
		return program_operation_chain(program, &scanning->arena, found->operation,
					       out_steps, out_source);
	return program_chain(program, &scanning->arena, found->use, out_steps, out_source);
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
			const struct found *found, const char *name, bool main,
			struct writer *writer)
{
	static const struct column columns[] = {
		{ "function", "Function", COLUMN_TEXT }, { "how", "Does", COLUMN_TEXT },
		{ "next", "What", COLUMN_TEXT },         { "address", "At", COLUMN_TEXT },
		{ "file", NULL, COLUMN_TEXT }, /* "Function" begins with its name */
	};
	const struct step *steps;
	enum number_source source;
	size_t count = find_chain(scanning, program, found, &steps, &source);
	writer_text(writer, "tier", "Tier", tier_name(found->use->tier));
	writer_text(writer, "certainty", "Certainty", found->use->assumed ? "assumed" : "exact");
	writer_text(writer, "phase", "Phase",
		    program->phases_known ? phase_name(found->use->phase) : NULL);
	writer_text(writer, "number", found->operation != NULL ? "Operation" : "Number",
		    source_text(source));
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
			const struct found *uses, size_t use_count, const char *name, FILE *out)
{
	fputs("digraph why {\n\tnode [shape=box];\n\t", out);
	print_quoted(out, name);
	fputs(" [shape=ellipse];\n", out);
	for (size_t i = 0; i < use_count; i++) {
		const struct step *steps;
		enum number_source source;
		size_t count = find_chain(scanning, program, &uses[i], &steps, &source);
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

static void write_chains(struct scanning *scanning, const struct program *program,
			 const struct wanted *asked, const struct found *uses, size_t count,
			 struct writer *writer)
{
	writer_text(writer, "program", NULL, scanning->arguments->operands[0]);
	writer_text(writer, "syscall", NULL, asked->name);
	if (asked->is_operation && !asked->any)
		writer_text(
		    writer, "value", "Value",
		    arena_printf(&scanning->arena, "%#llx", (unsigned long long)asked->value));
	writer_bool(writer, "found", "Can call it", count > 0);
	writer_integer(writer, "unresolved", "Sites whose number is not known",
		       (int64_t)program->unresolved_count);
	writer_array_begin(writer, "chains", NULL);
	for (size_t i = 0; i < count; i++) {
		writer_array_item(writer, arena_printf(&scanning->arena, "Chain %zu", i + 1));
		write_chain(scanning, program, &uses[i], asked->name, i == 0, writer);
	}
	writer_array_end(writer);
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
	struct program program;
	struct wanted asked = { .name = arguments->operands[1] };
	scanning->phases = true;
	int code = scanning_program(scanning, arguments->operands[0], &program);
	if (code == EXIT_DONE)
		code = read_wanted(scanning, &program, &asked);
	if (code != EXIT_DONE)
		return code;
	const char *name = asked.name;
	struct found uses[WHY_MAX_CHAINS];
	size_t count = find_uses(&program, scanning, &asked, uses, max);
	if (count == 0 && !asked.known && strcmp(name, tier_name(TIER_UNRESOLVED)) != 0)
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
	write_chains(scanning, &program, &asked, uses, count, output.writer);
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
	{ "why nginx ioctl:FIONBIO", "who asks for one operation of a call" },
	{ "why -n 3 --graph redis-server execve | dot -Tsvg", "three chains as a picture" },
	{ 0 },
};

const struct command cmd_why = {
	.name = "why",
	.usage = "PROGRAM SYSCALL[:OPERATION]",
	.summary = "by which chain of calls a program can make a syscall",
	.details =
	    "Shows the shortest chain from where control starts to the syscall instruction. "
	    "A step either calls the next function, jumps to it, or takes its address, so "
	    "that it may be called through a pointer. In the place of a syscall's name "
	    "'unresolved' stands for the instructions whose number is not known.\n\n"
	    "Of an operation, such as ioctl:FIONBIO or fcntl:0x406, one chain is shown, "
	    "through those that hand it on; 'any' is one that may be anything, as ioctl:any.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_FILE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_why,
};
