/* sysgap import: facts from files -> the store; one function per kind of input. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/spawn.h"
#include "cli/stored.h"
#include "package/popcon.h"
#include "package/unpack.h"
#include "store/layer.h"
#include "store/package.h"
#include "store/workload.h"
#include "workload/loupe.h"
#include "workload/text.h"

struct import {
	const struct arguments *arguments; /* the first operand is the kind */
	struct arena arena;
	struct problem_list problems;
	struct output output;
	struct store *store; /* NULL until there is something to store */
};

struct import_kind {
	const char *name;
	size_t max_inputs;
	int (*run)(struct import *import); /* describes the result to the output */
};

/*
 * A row or file that was lost makes its calls look unused, so nothing is imported then unless
 * asked for.
 */
static int check_problems(struct import *import, const char *input)
{
	report_problems(&import->problems, import->arguments);
	if (import->problems.count == 0 || argument_given(import->arguments, "keep-going"))
		return EXIT_DONE;
	fprintf(stderr,
		"sysgap: %s: nothing imported: %zu problem%s; --keep-going imports the rest\n",
		input, import->problems.count, import->problems.count == 1 ? "" : "s");
	return EXIT_PROBLEM;
}

/* Only now: what is malformed leaves no store behind. */
static int open_store(struct import *import)
{
	return stored_open(import->arguments, STORE_WRITE, &import->store);
}

static int store_workloads(struct import *import, struct workload_set set)
{
	struct store_change change;
	struct error err;
	int code = open_store(import);
	if (code != EXIT_DONE)
		return code;
	if (store_replace_workloads(import->store, set.workloads, set.count, &change, &err) !=
	    STATUS_OK)
		return stored_report(import->arguments, &err);
	struct writer *writer = import->output.writer;
	writer_integer(writer, "imported", "Workloads imported", (int64_t)change.added);
	writer_integer(writer, "replaced", "Workloads replaced", (int64_t)change.removed);
	return EXIT_DONE;
}

static const char *value_or(const struct arguments *arguments, const char *option,
			    const char *otherwise)
{
	const char *value = argument_value(arguments, option);
	return value == NULL ? otherwise : value;
}

/* What the options say of a source counts more than what its file says. */
static void set_source(const struct arguments *arguments, struct source *source)
{
	source->title = value_or(arguments, "title", source->title);
	source->version = value_or(arguments, "source-version", source->version);
	source->licence = value_or(arguments, "licence", source->licence);
	source->url = value_or(arguments, "url", source->url);
}

static void write_source(struct writer *writer, const struct source *source)
{
	writer_text(writer, "source", "Source", source->title);
	writer_text(writer, "source_version", "Source version", source->version);
	writer_text(writer, "licence", "Licence", source->licence);
}

static void write_choices(struct writer *writer, const struct loupe_database *database)
{
	static const struct column columns[] = {
		{ "application", "Application", COLUMN_TEXT },
		{ "workload", "Workload", COLUMN_TEXT },
		{ "runs", "Runs", COLUMN_NUMBER },
		{ "chosen", "Chosen", COLUMN_TEXT },
		{ "rows", "Rows", COLUMN_NUMBER },
	};
	writer_table_begin(writer, "several_runs", "Workloads with several runs", columns, 5, true);
	for (size_t i = 0; i < database->choice_count; i++) {
		const struct loupe_choice *choice = &database->choices[i];
		writer_cell_text(writer, choice->application);
		writer_cell_text(writer, choice->workload);
		writer_cell_integer(writer, (int64_t)choice->run_count);
		writer_cell_text(writer, choice->run);
		writer_cell_integer(writer, (int64_t)choice->row_count);
	}
	writer_table_end(writer);
}

static int import_loupe(struct import *import)
{
	const struct arguments *arguments = import->arguments;
	const char *directory = arguments->operands[1];
	struct source source = { .title = "Loupe database" };
	struct loupe_database database;
	struct error err;
	set_source(arguments, &source);
	if (loupe_read(directory, &source, &import->arena, &import->problems, &database, &err) !=
	    STATUS_OK)
		return report_error(directory, &err);
	int code = check_problems(import, directory);
	if (code != EXIT_DONE)
		return code;
	write_source(import->output.writer, &source);
	code = store_workloads(import, database.set);
	if (code == EXIT_DONE)
		write_choices(import->output.writer, &database);
	return code;
}

static int import_workloads(struct import *import)
{
	const char *path = import->arguments->operands[1];
	struct file_map map;
	struct workload_set set;
	struct error err;
	if (file_input_open(path, WORKLOAD_TEXT_MAX_BYTES, &map, &err) != STATUS_OK)
		return report_error(path, &err);
	int code = EXIT_DONE;
	if (workload_text_parse(map.content, path, &import->arena, &import->problems, &set, &err) !=
	    STATUS_OK)
		code = report_error(path, &err);
	file_map_close(&map);
	if (code == EXIT_DONE)
		code = check_problems(import, path);
	return code == EXIT_DONE ? store_workloads(import, set) : code;
}

static void write_layers(struct import *import, const struct layer *const *layers, size_t count)
{
	static const struct column columns[] = {
		{ "layer", "Layer", COLUMN_TEXT },
		{ "arch", "Architecture", COLUMN_TEXT },
		{ "calls", "Calls named", COLUMN_NUMBER },
		{ "source", "Source", COLUMN_TEXT },
	};
	struct writer *writer = import->output.writer;
	writer_table_begin(writer, "layers", "Layers imported", columns, 4, true);
	for (size_t i = 0; i < count; i++) {
		writer_cell_text(writer, layer_key(&import->arena, layers[i]));
		writer_cell_text(writer, arch_name(layers[i]->arch));
		writer_cell_integer(writer, (int64_t)layers[i]->entry_count);
		writer_cell_text(writer, layers[i]->source.title);
	}
	writer_table_end(writer);
}

static int read_layer(struct import *import, const char *path, struct layer *out_layer)
{
	const struct arguments *arguments = import->arguments;
	struct error err;
	enum arch arch = (enum arch)arch_from_name(value_or(arguments, "arch", "x86_64"));
	if (layer_read_file(path, arch, &import->problems, out_layer, &err) != STATUS_OK)
		return report_error(path, &err);
	out_layer->name = value_or(arguments, "name", out_layer->name);
	out_layer->version = value_or(arguments, "layer-version", out_layer->version);
	set_source(arguments, &out_layer->source);
	return EXIT_DONE;
}

/* An unknown name in a list costs that name only: the rest says as much as before. */
static int import_layers(struct import *import)
{
	const struct arguments *arguments = import->arguments;
	size_t count = arguments->operand_count - 1;
	if (count > 1 &&
	    (argument_given(arguments, "name") || argument_given(arguments, "layer-version")))
		return usage_error(arguments, "--name and --layer-version are for one file");
	struct layer *layers = arena_alloc(&import->arena, count, sizeof(*layers));
	const struct layer **pointers = arena_alloc(&import->arena, count, sizeof(*pointers));
	int code = EXIT_DONE;
	for (size_t i = 0; i < count && code == EXIT_DONE; i++) {
		pointers[i] = &layers[i];
		code = read_layer(import, arguments->operands[i + 1], &layers[i]);
	}
	report_problems(&import->problems, arguments);
	if (code == EXIT_DONE)
		code = open_store(import);
	if (code != EXIT_DONE)
		return code;
	struct error err;
	if (store_put_layers(import->store, pointers, count, &err) != STATUS_OK)
		return stored_report(arguments, &err);
	write_layers(import, pointers, count);
	return EXIT_DONE;
}

static bool is_url(const char *path)
{
	return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
}

/* Fetches a file by curl, which the user has when it is asked for a URL. */
static int fetch(const char *url, struct file_map *out_map)
{
	char limit[32];
	snprintf(limit, sizeof(limit), "%d", POPCON_MAX_BYTES);
	const char *const words[] = {
		"curl", "--fail", "--silent", "--show-error", "--location", "--max-filesize", limit,
		"--",   url,      NULL
	};
	struct error err;
	FILE *file = tmpfile();
	if (file == NULL) {
		fprintf(stderr, "sysgap: temporary file: %s\n", strerror(errno));
		return EXIT_PROBLEM;
	}
	int code = spawn_run(NULL, (char *const *)(uintptr_t)words, fileno(file));
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	if (code == EXIT_DONE && file_map_open(path, POPCON_MAX_BYTES, out_map, &err) != STATUS_OK)
		code = report_error(url, &err);
	(void)fclose(file); /* the map stays */
	return code;
}

static int open_popcon(const char *path, struct file_map *out_map)
{
	struct error err;
	if (is_url(path))
		return fetch(path, out_map);
	return file_input_open(path, POPCON_MAX_BYTES, out_map, &err) == STATUS_OK
		   ? EXIT_DONE
		   : report_error(path, &err);
}

static int read_popcon(struct import *import, struct buffer *text,
		       struct popularity *out_popularity)
{
	const char *path = import->arguments->operands[1];
	const char *total = value_or(import->arguments, "popcon-total", "submissions");
	struct file_map map;
	struct error err;
	int code = open_popcon(path, &map);
	if (code != EXIT_DONE)
		return code;
	enum status status = unpack(map.content, POPCON_MAX_BYTES, text, &err);
	file_map_close(&map);
	if (status == STATUS_OK)
		status = popcon_parse(buffer_slice(text), path,
				      strcmp(total, "sum") == 0 ? POPCON_SUM : POPCON_SUBMISSIONS,
				      &import->problems, out_popularity, &err);
	return status == STATUS_OK ? check_problems(import, path) : report_error(path, &err);
}

static int import_popcon(struct import *import)
{
	struct writer *writer = import->output.writer;
	struct buffer text = { 0 };
	struct popularity popularity = { 0 };
	struct error err;
	int code = read_popcon(import, &text, &popularity);
	buffer_finish(&text);
	if (code == EXIT_DONE)
		code = open_store(import);
	if (code != EXIT_DONE)
		return code;
	if (popularity.source.title == NULL)
		popularity.source.title = "Debian popularity-contest";
	if (is_url(import->arguments->operands[1]))
		popularity.source.url = import->arguments->operands[1];
	set_source(import->arguments, &popularity.source);
	if (store_put_popularity(import->store, &popularity, &err) != STATUS_OK)
		return stored_report(import->arguments, &err);
	writer_text(writer, "source", "Source", popularity.source.title);
	writer_integer(writer, "packages", "Packages", (int64_t)popularity.count);
	writer_integer(writer, "submissions", "Installations are a share of",
		       (int64_t)popularity.submissions);
	return EXIT_DONE;
}

/* New kinds of input are added here and to `verbs` below. */
static const struct import_kind kinds[] = {
	{ "loupe", 1, import_loupe },
	{ "workloads", 1, import_workloads },
	{ "layer", SIZE_MAX, import_layers },
	{ "popcon", 1, import_popcon },
};

static const struct import_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static int run_import(const struct arguments *arguments)
{
	const struct import_kind *kind = find_kind(arguments->operands[0]);
	if (kind == NULL)
		return usage_error(arguments, "nothing named '%s' can be imported",
				   arguments->operands[0]);
	if (arguments->operand_count - 1 > kind->max_inputs)
		return usage_error(arguments, "one operand too many: '%s'", arguments->operands[2]);
	struct import import = { .arguments = arguments };
	import.problems.arena = &import.arena;
	int code = output_open(arguments, "sysgap-import", 1, "Import", &import.output);
	if (code == EXIT_DONE) {
		code = kind->run(&import);
		if (code == EXIT_DONE)
			code = output_close(&import.output);
		else
			output_discard(&import.output);
	}
	store_close(import.store);
	arena_finish(&import.arena);
	return code;
}

static const struct option_spec options[] = {
	{ 'k', "keep-going", VALUE_NONE, NULL, NULL,
	  "import what is well-formed, although rows or files are malformed" },
	{ 0, "title", VALUE_TEXT, "TITLE", NULL,
	  "what the source is called (default for loupe: Loupe database)" },
	{ 0, "source-version", VALUE_TEXT, "VERSION", NULL, "revision or date of the source" },
	{ 0, "licence", VALUE_TEXT, "LICENCE", NULL, "terms of the source" },
	{ 0, "url", VALUE_TEXT, "URL", NULL, "where the source is from" },
	{ 'n', "name", VALUE_TEXT, "NAME", NULL, "name of the layer (default: as its file says)" },
	{ 0, "popcon-total", VALUE_CHOICE, "TOTAL", "submissions|sum",
	  "what a package's installations are a share of: the submissions (default), or the sum "
	  "over all packages, as some tools do" },
	{ 0, "layer-version", VALUE_TEXT, "VERSION", NULL, "version of the layer" },
	{ 0 },
};

static const struct example examples[] = {
	{ "import loupe ~/loupedb", "the results of Loupe's runs" },
	{ "import workloads team.workloads", "facts that 'sysgap export workloads' wrote" },
	{ "import popcon by_inst.gz", "how many systems have each package" },
	{ "import layer --name mylibos --layer-version 2 syscalls.csv", "what a layer supports" },
	{ 0 },
};

const struct command cmd_import = {
	.name = "import",
	.usage = "loupe DIRECTORY | workloads FILE | layer FILE… | popcon FILE-OR-URL",
	.summary = "store facts from other tools' files",
	.details =
	    "Everything an import gives is stored at once or, after an error, not at all.\n"
	    "Importing a source again replaces it: the workloads of the same title, the layer of "
	    "the same name, version and architecture.\n\n"
	    "loupe reads APPLICATION/WORKLOAD/RUN/data/dyn.csv.\n"
	    "Of several runs of a workload it takes one that is not \"imported\", of these the one "
	    "with the most rows, then the most used calls, then the first name, and says so.\n\n"
	    "A malformed row or file makes calls look unused, so it stops the import unless "
	    "--keep-going is given; then it costs only itself.\n"
	    "In a list of a layer's calls an unknown name is reported, and the rest is kept.\n\n"
	    "popcon reads by_inst or all-popcon-results of popularity-contest, also compressed, or "
	    "from a URL by curl. "
	    "Without a number of submissions in the file, the count of the most installed package "
	    "stands for it. It takes the place of the estimate that comes with sysgap.",
	.examples = examples,
	.options = options,
	.verbs = "loupe|workloads|layer|popcon",
	.operand_kind = VALUE_FILE,
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.run = run_import,
};
