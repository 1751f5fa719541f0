#include <string.h>

#include "base/file.h"
#include "base/names.h"
#include "cli/output.h"
#include "cli/package_tables.h"

enum { LIST_MAX_BYTES = 16 << 20 };

/* As `scan --kind` names them. */
static enum api_kind kind_of(const struct arguments *arguments)
{
	static const char *const names[] = { "syscall", "operation", "pseudo-file", "function" };
	const char *given = argument_value(arguments, "kind");
	return given == NULL ? API_SYSCALL : (enum api_kind)names_find(names, 4, given);
}

/* ---- what is supported ---- */

static void add_supported(const struct packages *packages, struct slice line, const char *path,
			  size_t number, struct bitset supported)
{
	struct facts *facts = packages->facts;
	struct api api;
	const char *word = arena_slice(&facts->arena, line);
	if (!packages_parse_api(facts, word, &api) || api.kind != packages->kind) {
		problem_add(&facts->problems, path, number, "'%.80s' is no %s", word,
			    api_kind_name(packages->kind));
		return;
	}
	size_t column = packages_find_api(packages, &api);
	if (column != SIZE_MAX)
		bitset_add(supported, column);
}

/* One API per line; "#" starts a comment. */
static int read_supported(const struct packages *packages, const char *path,
			  struct bitset supported)
{
	struct file_map map;
	struct error err;
	struct slice line;
	size_t number = 0;
	if (file_input_open(path, LIST_MAX_BYTES, &map, &err) != STATUS_OK)
		return report_error(path, &err);
	for (struct slice rest = map.content; slice_next_line(&rest, &line);) {
		const uint8_t *comment =
		    line.size_bytes == 0 ? NULL : memchr(line.bytes, '#', line.size_bytes);
		number++;
		if (comment != NULL)
			line.size_bytes = (size_t)(comment - line.bytes);
		line = slice_trim(line);
		if (line.size_bytes > 0)
			add_supported(packages, line, path, number, supported);
	}
	file_map_close(&map);
	return EXIT_DONE;
}

/* ---- the result ---- */

static void describe(const struct packages *packages, const struct needs *needs,
		     struct bitset supported, struct writer *writer)
{
	static const struct package_list list = { "apis", "Most important first", "api", "API",
						  true };
	const struct arguments *arguments = packages->facts->arguments;
	const struct package_variant variant = { "all packages", supported };
	const char *by = argument_value(arguments, "by");
	bool asked = argument_value(arguments, "supported") != NULL;
	writer_text(writer, "kind", "Kind", api_kind_name(packages->kind));
	writer_bool(writer, "known", NULL, true);
	package_tables_basis(packages, needs, writer);
	if (asked)
		package_tables_completeness(packages, needs, &variant, 1, writer);
	package_tables_important(packages, needs, supported, &list, writer);
	if (asked)
		package_tables_curve(packages, needs, supported, writer);
	if (by != NULL)
		package_tables_by(packages, needs, supported, by, writer);
}

static int write_importance(const struct packages *packages)
{
	const struct arguments *arguments = packages->facts->arguments;
	const char *path = argument_value(arguments, "supported");
	struct output output;
	struct needs needs = packages_needs_of_rows(packages);
	struct bitset supported = bitset_create(&packages->facts->arena, needs.api_count);
	int code = path == NULL ? EXIT_DONE : read_supported(packages, path, supported);
	if (code == EXIT_DONE)
		code = output_open(arguments, "sysgap-importance", 1,
				   "How much APIs matter to packages", &output);
	if (code != EXIT_DONE)
		return code;
	if (packages->row_count == 0)
		packages_say_unknown(output.writer);
	else
		describe(packages, &needs, supported, output.writer);
	return output_close(&output);
}

static int run_importance(const struct arguments *arguments)
{
	struct facts facts;
	struct packages packages;
	if (argument_given(arguments, "by") && !argument_given(arguments, "supported"))
		return usage_error(arguments, "--by wants --supported");
	int code = facts_open(arguments, &facts);
	if (code == EXIT_DONE)
		code = packages_load(&facts, kind_of(arguments), &packages);
	if (code == EXIT_DONE)
		code = write_importance(&packages);
	facts_close(&facts);
	return code;
}

static const struct option_spec options[] = {
	{ 'k', "kind", VALUE_CHOICE, "KIND", "syscall|operation|pseudo-file|function",
	  "which kind of API (default: syscall)" },
	{ 's', "supported", VALUE_FILE, "FILE", NULL,
	  "a list of APIs, one per line: only others are listed, with the completeness that these "
	  "give and how it grows" },
	{ 'n', "top", VALUE_NUMBER, "N", NULL, "length of the list; 0: everything (default: 25)" },
	PACKAGES_OPTIONS,
	{ 0 },
};

static const struct example examples[] = {
	{ "importance", "syscalls by how many systems have a package that needs them" },
	{ "importance --kind operation --top 0 --format tsv",
	  "requests of ioctl, commands of fcntl" },
	{ "importance --kind function --supported musl.txt", "what a C library gives, and lacks" },
	{ 0 },
};

const struct command cmd_importance = {
	.name = "importance",
	.usage = "[--kind KIND] [--supported FILE]",
	.summary = "how much each syscall or other kind of API matters to packages",
	.details =
	    "Of the packages in the store ('sysgap scan'): how many use an API, and the "
	    "probability that a system has at least one of them. APIs are written as 'sysgap "
	    "users' takes them: mremap, ioctl:0x5401, /proc/self/maps, libc:printf.\n\n"
	    "With a list of what is supported also the completeness: the share of packages that "
	    "need nothing else, by weight and by number, with and without what they depend on.",
	.examples = examples,
	.options = options,
	.operand_kind = VALUE_NONE,
	.min_operands = 0,
	.max_operands = 0,
	.run = run_importance,
};
