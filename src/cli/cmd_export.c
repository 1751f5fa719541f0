/* sysgap export: facts -> files in forms of their own; one function per kind. */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/scanning.h"
#include "cli/stored.h"
#include "store/package.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"
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
	bool or_more;
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

/* The names of all calls of the programs, sorted; a run may always be restarted by the kernel. */
static int scan_names(struct export *export, struct scanning *scanning, const char ***out_names,
		      size_t *out_count)
{
	const struct arguments *arguments = export->arguments;
	const struct syscall *restart = syscall_by_name(slice_of_string("restart_syscall"));
	const char **names = arena_alloc(&export->arena, syscall_count() + 1, sizeof(*names));
	bool *wanted = arena_alloc(&export->arena, syscall_count(), sizeof(*wanted));
	int code = EXIT_DONE;
	for (size_t i = 1; i < arguments->operand_count; i++) {
		struct program program;
		if (scanning_program(scanning, arguments->operands[i], &program) != EXIT_DONE)
			return EXIT_PROBLEM;
		for (size_t k = 0; k < program.unresolved_count; k++) {
			if (argument_given(arguments, "quiet") &&
			    argument_given(arguments, "force"))
				break;
			fprintf(stderr,
				"sysgap: %s: a syscall at %#llx whose number is not known is not "
				"in the list\n",
				arguments->operands[i],
				(unsigned long long)program.unresolved[k].va);
			code = argument_given(arguments, "force") ? code : EXIT_PROBLEM;
		}
		for (size_t k = 0; k < program.use_count; k++) {
			const struct syscall *call =
			    syscall_by_number(program.uses[k].arch, program.uses[k].number);
			for (size_t c = 0; call != NULL && c < syscall_count(); c++)
				wanted[c] |= syscall_at(c) == call || syscall_at(c) == restart;
		}
	}
	if (code != EXIT_DONE)
		fputs("sysgap: nothing is exported; --force does it all the same\n", stderr);
	*out_count = 0;
	for (size_t c = 0; c < syscall_count(); c++)
		if (wanted[c])
			names[(*out_count)++] = syscall_at(c)->name;
	*out_names = names;
	return code;
}

/* OCI runtime specification, config-linux.md, "Seccomp". */
static void print_seccomp(FILE *out, const char *const *names, size_t count)
{
	fputs("{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n"
	      "  \"architectures\": [\"SCMP_ARCH_X86_64\"],\n"
	      "  \"syscalls\": [\n    {\n      \"names\": [",
	      out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\n        \"%s\"", i == 0 ? "" : ",", names[i]);
	fputs("\n      ],\n      \"action\": \"SCMP_ACT_ALLOW\"\n    }\n  ]\n}\n", out);
}

/* systemd.exec(5), SystemCallFilter= */
static void print_systemd(FILE *out, const char *const *names, size_t count)
{
	fputs("[Service]\nSystemCallArchitectures=native\nSystemCallErrorNumber=EPERM\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "SystemCallFilter=%s\n", names[i]);
}

static void print_c(FILE *out, const char *const *names, size_t count)
{
	fputs("#include <sys/syscall.h>\n\nstatic const int allowed_syscalls[] = {\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "#ifdef SYS_%s\n\tSYS_%s,\n#endif\n", names[i], names[i]);
	fputs("};\n", out);
}

static int export_list(struct export *export,
		       void (*print)(FILE *out, const char *const *names, size_t count))
{
	struct scanning scanning;
	scanning_open(&scanning, export->arguments);
	const char **names;
	size_t count;
	struct output output;
	int code = scan_names(export, &scanning, &names, &count);
	if (code == EXIT_DONE)
		code = output_open_plain(export->arguments, &output);
	if (code == EXIT_DONE) {
		print(output.file, names, count);
		code = output_close(&output);
	}
	scanning_close(&scanning);
	return code;
}

static int export_seccomp(struct export *export)
{
	return export_list(export, print_seccomp);
}

static int export_systemd(struct export *export)
{
	if (argument_given(export->arguments, "from-main"))
		return usage_error(export->arguments,
				   "systemd installs its filter before a program starts");
	return export_list(export, print_systemd);
}

static int export_c(struct export *export)
{
	return export_list(export, print_c);
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

/* ---- packages: two kinds of rows, their fields between tabs ---- */

/* A field; tabs and line ends in it would make others of it. */
static void print_field(FILE *out, const char *text, char after)
{
	for (; text != NULL && *text != '\0'; text++)
		(void)putc((unsigned char)*text < ' ' ? '?' : *text, out);
	(void)putc(after, out);
}

static void print_package(FILE *out, const struct package_facts *facts, const struct source *source)
{
	const struct package *package = &facts->package;
	const char *const fields[] = { "package",        package->name,
				       package->version, package->arch,
				       source->title,    package_state_name(facts->state),
				       package->section, package->maintainer };
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		print_field(out, fields[i], '\t');
	fprintf(out, "%u\t%u\t%u\t%u\t", facts->program_count, facts->library_count,
		facts->script_count, facts->unresolved_count);
	print_field(out, facts->problem, '\n');
}

struct use_printing {
	FILE *out;
	struct arena scratch;
};

static void print_use(void *context, const struct package *package, const struct package_use *use)
{
	struct use_printing *printing = context;
	FILE *out = printing->out;
	char name[SYSCALL_NAME_BYTES];
	const struct api *api = &use->api;
	const char *const fields[] = { "use",
				       package->name,
				       package->version,
				       package->arch,
				       api_kind_name(api->kind),
				       certainty_name(use->certainty) };
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		print_field(out, fields[i], '\t');
	if (api->kind == API_SYSCALL || api->kind == API_OPERATION)
		fprintf(out, "%s", syscall_name(api->arch, api->number, name));
	if (api->kind == API_OPERATION)
		fprintf(out, ":%s",
			operation_name(api->arch, api->number, OPERATION_SELECTOR, api->value,
				       &printing->scratch));
	arena_clear(&printing->scratch);
	print_field(out, api->name, '\t');
	print_field(out, use->program, '\t');
	print_field(out, use->chain, '\n');
}

static int print_packages(struct export *export, struct store *store, FILE *out)
{
	struct stored_packages stored;
	struct error err;
	if (store_load_packages(store, API_KIND_COUNT, &export->arena, &stored, &err) != STATUS_OK)
		return stored_report(export->arguments, &err);
	fputs("# package: name version arch source state section maintainer programs libraries "
	      "scripts unresolved problem\n"
	      "# use: package version arch kind certainty api program chain\n",
	      out);
	for (size_t i = 0; i < stored.package_count; i++)
		print_package(out, &stored.packages[i], &stored.sources[i]);
	struct use_printing printing = { .out = out };
	enum status status = store_walk_uses(store, print_use, &printing, &err);
	arena_finish(&printing.scratch);
	return status == STATUS_OK ? EXIT_DONE : stored_report(export->arguments, &err);
}

static int export_packages(struct export *export)
{
	struct store *store = NULL;
	struct output output;
	int code = stored_open(export->arguments, STORE_READ, &store);
	if (code == EXIT_DONE)
		code = output_open_plain(export->arguments, &output);
	if (code == EXIT_DONE) {
		if (store != NULL)
			code = print_packages(export, store, output.file);
		if (code == EXIT_DONE)
			code = output_close(&output);
		else
			output_discard(&output);
	}
	store_close(store);
	return code;
}

/* New kinds of output are added here and to `verbs` below. */
static const struct export_kind kinds[] = {
	{ "workloads", 0, false, "", export_workloads },
	{ "loupe", 1, false, "a directory to make", export_loupe },
	{ "packages", 0, false, "", export_packages },
	{ "seccomp", 1, true, "a program", export_seccomp },
	{ "systemd", 1, true, "a program", export_systemd },
	{ "c", 1, true, "a program", export_c },
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
	if (arguments->operand_count - 1 > kind->operand_count && !kind->or_more)
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
	{ 0, "force", VALUE_NONE, NULL, NULL,
	  "export an allow-list although a syscall's number is not known" },
	SCANNING_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "export workloads -o facts.workloads", "all workload facts as text to read and compare" },
	{ "export seccomp nginx -o nginx.json",
	  "a profile for podman or docker that lets nginx run" },
	{ "export c --from-main redis-server",
	  "what a filter has to allow that is installed when main begins" },
	{ "export loupe --application redis loupedb", "for tools that read Loupe's form" },
	{ 0 },
};

const struct command cmd_export = {
	.name = "export",
	.usage = "workloads | loupe DIRECTORY | packages | seccomp|systemd|c PROGRAM…",
	.summary = "write facts in forms that other tools read",
	.details =
	    "Exports the facts that come with sysgap and the store's own; of a workload that both "
	    "have, the store's.\n\n"
	    "workloads is sysgap's own text, a stanza per workload, which 'sysgap import "
	    "workloads' reads.\n"
	    "loupe is the directory form of the Loupe database; the directory must not exist yet.\n"
	    "packages is what the store knows of packages, a row for each and one for each API "
	    "that it uses, sorted.\n"
	    "seccomp, systemd and c are allow-lists of what 'sysgap scan' finds in programs: a "
	    "profile in the form of OCI runtimes, a drop-in for a unit, a C array. With "
	    "--from-main "
	    "they leave out what is only called before main, for a filter that the program itself, "
	    "or its last initialiser, installs: a runtime, which installs it earlier, needs the "
	    "whole list, and so does what the program executes.",
	.examples = examples,
	.options = options,
	.verbs = "workloads|loupe|packages|seccomp|systemd|c",
	.operand_kind = VALUE_DIRECTORY,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run_export,
};
