#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "cli/output.h"
#include "cli/scanning.h"
#include "cli/survey.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"

/* What was found in one of several programs, or in all of them. */
struct found {
	const char **paths; /* of the programs */
	struct program *programs;
	size_t count;
};

enum kind { KIND_SYSCALL, KIND_OPERATION, KIND_PSEUDO_FILE, KIND_FUNCTION };

static const char *const kind_names[] = { "syscall", "operation", "pseudo-file", "function" };

static enum kind kind_of(const struct arguments *arguments)
{
	const char *name = argument_value(arguments, "kind");
	for (enum kind kind = KIND_SYSCALL; name != NULL && kind <= KIND_FUNCTION; kind++)
		if (strcmp(name, kind_names[kind]) == 0)
			return kind;
	return KIND_SYSCALL;
}

/* The first use of a number is its nearest. */
static bool is_first(const struct program *program, size_t index)
{
	return index == 0 || program->uses[index].number != program->uses[index - 1].number ||
	       program->uses[index].arch != program->uses[index - 1].arch;
}

struct row {
	const struct program *program; /* of the use that is shown */
	const struct use *use;
	int64_t programs; /* how many have it */
	enum phase phase; /* PHASE_COUNT: not known */
};

/* When what happens in both phases does. */
static enum phase join_phases(enum phase left, enum phase right)
{
	if (left == PHASE_COUNT || right == PHASE_COUNT)
		return PHASE_COUNT;
	if (left == PHASE_RUN || right == PHASE_RUN)
		return PHASE_RUN;
	return left == right ? left : PHASE_EXIT;
}

/* When a call can be made, over all of its sites. */
static enum phase phase_of(const struct program *program, size_t first)
{
	const struct use *use = &program->uses[first];
	enum phase phase = program->phases_known ? use->phase : PHASE_COUNT;
	for (size_t i = first; i < program->use_count && program->uses[i].number == use->number &&
			       program->uses[i].arch == use->arch;
	     i++)
		phase = join_phases(phase, program->uses[i].phase);
	return phase;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	if (a->use->arch != b->use->arch)
		return (int)a->use->arch - (int)b->use->arch;
	if (a->use->number != b->use->number)
		return a->use->number < b->use->number ? -1 : 1;
	return (int)a->use->tier - (int)b->use->tier;
}

/* One row per call over all programs, with the most certain of its uses. */
static size_t merge(struct arena *arena, const struct found *found, struct row **out_rows)
{
	size_t total = 0, count = 0;
	for (size_t i = 0; i < found->count; i++)
		total += found->programs[i].use_count;
	struct row *rows = arena_alloc(arena, total, sizeof(*rows));
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < found->programs[i].use_count; k++)
			if (is_first(&found->programs[i], k))
				rows[count++] =
				    (struct row){ &found->programs[i], &found->programs[i].uses[k],
						  1, phase_of(&found->programs[i], k) };
	if (count > 1)
		qsort(rows, count, sizeof(*rows), compare_rows);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && rows[kept - 1].use->number == rows[i].use->number &&
		    rows[kept - 1].use->arch == rows[i].use->arch) {
			rows[kept - 1].programs++;
			rows[kept - 1].phase = join_phases(rows[kept - 1].phase, rows[i].phase);
		} else {
			rows[kept++] = rows[i];
		}
	}
	*out_rows = rows;
	return kept;
}

static const char *site_text(struct scanning *scanning, const struct program *program,
			     const struct use *use)
{
	const struct step *steps;
	size_t count = program_chain(program, &scanning->arena, use, &steps, NULL);
	return scanning_step_name(scanning, &steps[count - 1]);
}

static void write_syscalls(struct scanning *scanning, const struct found *found, bool main,
			   struct writer *writer)
{
	const struct column columns[] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "number", "Nr", COLUMN_NUMBER },
		{ "tier", "Tier", COLUMN_TEXT },
		{ "certainty", "Known", COLUMN_TEXT },
		{ "phase", "Phase", COLUMN_TEXT },
		{ "site", "Made in", COLUMN_TEXT },
		{ "programs", found->count > 1 ? "Used by" : NULL, COLUMN_NUMBER },
	};
	struct row *rows;
	size_t count = merge(&scanning->arena, found, &rows);
	writer_table_begin(writer, "syscalls", "Syscalls", columns, 7, main);
	for (size_t i = 0; i < count; i++) {
		const struct use *use = rows[i].use;
		writer_cell_text(writer, scanning_use_name(scanning, use));
		writer_cell_integer(writer, use->number);
		writer_cell_text(writer, tier_name(use->tier));
		writer_cell_text(writer, use->assumed ? "assumed" : "exact");
		writer_cell_text(writer,
				 rows[i].phase == PHASE_COUNT ? NULL : phase_name(rows[i].phase));
		writer_cell_text(writer, site_text(scanning, rows[i].program, use));
		writer_cell_integer(writer, rows[i].programs);
	}
	writer_table_end(writer);
}

static void write_unresolved(struct scanning *scanning, const struct found *found,
			     struct writer *writer)
{
	static const struct column columns[] = {
		{ "program", "Program", COLUMN_TEXT },
		{ "file", "File", COLUMN_TEXT },
		{ "address", "Address", COLUMN_TEXT },
		{ "function", "In", COLUMN_TEXT },
	};
	writer_table_begin(writer, "unresolved", "Sites whose number is not known", columns, 4,
			   false);
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < found->programs[i].unresolved_count; k++) {
			const struct use *use = &found->programs[i].unresolved[k];
			const struct step *steps;
			size_t count =
			    program_chain(&found->programs[i], &scanning->arena, use, &steps, NULL);
			writer_cell_text(writer, found->paths[i]);
			writer_cell_text(writer, steps[count - 1].path);
			writer_cell_text(writer, arena_printf(&scanning->arena, "%#llx",
							      (unsigned long long)use->va));
			writer_cell_text(writer, scanning_step_name(scanning, &steps[count - 1]));
		}
	writer_table_end(writer);
}

static void write_operations(struct scanning *scanning, const struct found *found, bool main,
			     struct writer *writer)
{
	static const struct column columns[] = { { "operation", "Operation", COLUMN_TEXT },
						 { "syscall", NULL, COLUMN_TEXT },
						 { "value", "Value", COLUMN_TEXT },
						 { "tier", "Tier", COLUMN_TEXT } };
	struct arena *arena = &scanning->arena;
	writer_table_begin(writer, "operations", "Operations of vectored calls", columns, 4, main);
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < found->programs[i].operation_count; k++) {
			const struct operation_use *use = &found->programs[i].operations[k];
			char buffer[SYSCALL_NAME_BYTES];
			const char *call = syscall_name(use->arch, use->number, buffer);
			const char *name =
			    use->known ? operation_name(use->arch, use->number, OPERATION_SELECTOR,
							use->value, arena)
				       : "any";
			writer_cell_text(writer, arena_printf(arena, "%s:%s", call, name));
			writer_cell_text(writer, call);
			writer_cell_text(writer, use->known
						     ? arena_printf(arena, "%#llx",
								    (unsigned long long)use->value)
						     : NULL);
			writer_cell_text(writer, tier_name(use->tier));
		}
	writer_table_end(writer);
}

/* A table of one column of names over all programs. */
static void write_names(struct scanning *scanning, const struct found *found, enum kind kind,
			bool main, struct writer *writer)
{
	bool paths = kind == KIND_PSEUDO_FILE;
	struct column column = paths ? (struct column){ "path", "Path", COLUMN_TEXT }
				     : (struct column){ "function", "Function", COLUMN_TEXT };
	size_t total = 0, count = 0;
	for (size_t i = 0; i < found->count; i++)
		total += paths ? found->programs[i].path_count : found->programs[i].import_count;
	const char **names = arena_alloc(&scanning->arena, total, sizeof(*names));
	for (size_t i = 0; i < found->count; i++) {
		const struct program *program = &found->programs[i];
		size_t some = paths ? program->path_count : program->import_count;
		if (some > 0)
			memcpy(names + count, paths ? program->paths : program->imports,
			       some * sizeof(*names));
		count += some;
	}
	names_sort(names, count);
	writer_table_begin(writer, paths ? "pseudo_files" : "functions",
			   paths ? "Pseudo-files that live code names"
				 : "Functions of libc that are called",
			   &column, 1, main);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			writer_cell_text(writer, names[i]);
	writer_table_end(writer);
}

static void count_tiers(const struct program *program, int64_t *counts)
{
	for (size_t i = 0; i < program->use_count; i++)
		if (is_first(program, i))
			counts[program->uses[i].tier]++;
}

static void write_programs(const struct found *found, struct writer *writer)
{
	static const struct column columns[] = {
		{ "program", "Program", COLUMN_TEXT },
		{ "syscalls", "Syscalls", COLUMN_NUMBER },
		{ "exact", "Exact", COLUMN_NUMBER },
		{ "plugin", "By plug-ins", COLUMN_NUMBER },
		{ "environment", "By environment", COLUMN_NUMBER },
		{ "unresolved", "Unresolved sites", COLUMN_NUMBER },
		{ "files", "Files", COLUMN_NUMBER },
		{ "live_functions", "Live functions", COLUMN_NUMBER },
		{ "missing", "Missing libraries", COLUMN_LIST },
		{ "openers", "Load files by names that are not known", COLUMN_LIST },
	};
	writer_table_begin(writer, "programs", "Programs", columns, 10, false);
	for (size_t i = 0; i < found->count; i++) {
		const struct program *program = &found->programs[i];
		int64_t counts[TIER_COUNT] = { 0 };
		count_tiers(program, counts);
		writer_cell_text(writer, found->paths[i]);
		writer_cell_integer(writer, counts[TIER_EXACT] + counts[TIER_PLUGIN] +
						counts[TIER_ENVIRONMENT]);
		writer_cell_integer(writer, counts[TIER_EXACT]);
		writer_cell_integer(writer, counts[TIER_PLUGIN]);
		writer_cell_integer(writer, counts[TIER_ENVIRONMENT]);
		writer_cell_integer(writer, (int64_t)program->unresolved_count);
		writer_cell_integer(writer, (int64_t)program->file_count);
		writer_cell_integer(writer, (int64_t)program->live_functions);
		writer_cell_list(writer, program->missing, program->missing_count);
		writer_cell_list(writer, program->openers, program->opener_count);
	}
	writer_table_end(writer);
}

/* The files that were analysed with the programs; only in JSON. */
static void write_loaded(const struct found *found, struct writer *writer)
{
	static const struct column columns[] = { { "program", NULL, COLUMN_TEXT },
						 { "path", NULL, COLUMN_TEXT },
						 { "code_bytes", NULL, COLUMN_NUMBER } };
	writer_table_begin(writer, "loaded", NULL, columns, 3, false);
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < found->programs[i].file_count; k++) {
			writer_cell_text(writer, found->paths[i]);
			writer_cell_text(writer, found->programs[i].files[k]);
			writer_cell_integer(writer, (int64_t)found->programs[i].file_code_bytes[k]);
		}
	writer_table_end(writer);
}

static void write_found(struct scanning *scanning, const struct found *found, struct writer *writer)
{
	enum kind kind = kind_of(scanning->arguments);
	bool json = writer_format(writer) == FORMAT_JSON;
	write_programs(found, writer);
	if (json)
		write_loaded(found, writer);
	if (json || kind == KIND_SYSCALL) {
		write_unresolved(scanning, found, writer);
		write_syscalls(scanning, found, kind == KIND_SYSCALL, writer);
	}
	if (json || kind == KIND_OPERATION)
		write_operations(scanning, found, kind == KIND_OPERATION, writer);
	for (enum kind names = KIND_PSEUDO_FILE; names <= KIND_FUNCTION; names++)
		if (json || kind == names)
			write_names(scanning, found, names, kind == names, writer);
}

static int scan_files(struct scanning *scanning)
{
	const struct arguments *arguments = scanning->arguments;
	struct output output;
	int code =
	    output_open(arguments, "sysgap-scan", 2, "What programs can ask of Linux", &output);
	if (code != EXIT_DONE)
		return code;
	struct found found = {
		arena_alloc(&scanning->arena, arguments->operand_count, sizeof(*found.paths)),
		arena_alloc(&scanning->arena, arguments->operand_count, sizeof(*found.programs)), 0
	};
	scanning->phases = writer_format(output.writer) != FORMAT_NAMES;
	for (size_t i = 0; i < arguments->operand_count; i++) {
		if (scanning_program(scanning, arguments->operands[i],
				     &found.programs[found.count]) == EXIT_DONE)
			found.paths[found.count++] = arguments->operands[i];
		else
			code = EXIT_PROBLEM;
	}
	if (found.count == 0) {
		output_discard(&output);
		return code;
	}
	write_found(scanning, &found, output.writer);
	int closed = output_close(&output);
	return code == EXIT_DONE ? closed : code;
}

static int run_scan(const struct arguments *arguments)
{
	if (survey_asked(arguments) && argument_given(arguments, "from-main"))
		return usage_error(arguments, "--from-main is for programs, not for packages");
	if (survey_asked(arguments))
		return survey_scan(arguments);
	if (arguments->operand_count == 0)
		return usage_error(arguments, "name a program, a package, or --installed");
	struct scanning scanning;
	scanning_open(&scanning, arguments);
	int code = scan_files(&scanning);
	scanning_close(&scanning);
	return code;
}

static const struct option_spec options[] = {
	{ 'k', "kind", VALUE_CHOICE, "KIND", "syscall|operation|pseudo-file|function",
	  "which kind of API to list (default: syscall)" },
	SCANNING_OPTIONS,
	SURVEY_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "scan /bin/ls", "every syscall that ls can make, and in which function" },
	{ "scan --format names --tier exact nginx", "one per line, without plug-ins" },
	{ "scan --from-main nginx", "without what is only called before main" },
	{ "scan --installed", "all packages of this system, into the store" },
	{ "scan --apt --dependencies nginx", "a package and what it depends on" },
	{ "scan --kind operation redis-server", "requests of ioctl, commands of fcntl, …" },
	{ 0 },
};

const struct command cmd_scan = {
	.name = "scan",
	.usage = "PROGRAM… | PATH… | --installed | --apt NAME…",
	.summary = "which syscalls programs and packages can make, by their code",
	.details =
	    "Follows the code of each program and of every library that it loads from where "
	    "control starts: through calls, tail calls, tables of pointers and jumps, and the "
	    "values that decide which call is made. A program is a path, or a name in PATH.\n\n"
	    "The list holds every call that a run can make (and some that none does). Tier exact "
	    "is the program with the libraries that it names; tier plugin what these load by "
	    "configuration, such as NSS and PAM modules; tier environment what only the way "
	    "asks for in which a program is started, such as LD_PROFILE. A certainty of assumed "
	    "means that the "
	    "number was read from memory that other code might change. Phase start is a call that "
	    "is only made before main begins, exit one that is not made from main on until main "
	    "has "
	    "returned or exit was called; all else, and what is not known to be one of them, is "
	    "run. A syscall "
	    "instruction "
	    "whose number is not known is listed with its address: the list is then not "
	    "complete.\n\n"
	    "A .deb, a folder of them, a container image, a tar of a root file system, a folder, "
	    "or "
	    "the packages that are installed: what each package can ask of Linux goes into the "
	    "store, for 'status' and 'users'. Nothing is unpacked to disk. Workers without rights "
	    "(--jobs) read and analyse; what is done is not done again, also after an "
	    "interruption.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_FILE,
	.min_operands = 0,
	.max_operands = SIZE_MAX,
	.run = run_scan,
};
