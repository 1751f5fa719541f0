#include "cli/selection.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"
#include "shipped/shipped.h"
#include "syscalls/table.h"

enum { LIST_MAX_BYTES = 1 << 20 };

/* Left out of the published figure for Gramine 1.8: its base is 121 of the 123 workloads. */
static const char *const published_workloads[] = { "nginx-suite-nginx-tests", "python-suite" };

/* ---- calls ---- */

/* One call a line; '#' begins a comment. What is no call's name is a problem of its line. */
static void exclude_listed(struct selection *selection, const char *input, struct slice content)
{
	struct facts *facts = selection->facts;
	struct slice line;
	for (uint64_t number = 1; slice_next_line(&content, &line); number++) {
		struct slice name = { NULL, 0 };
		(void)slice_next_field(&line, '#', &name);
		name = slice_trim(name);
		uint32_t call;
		if (name.size_bytes == 0)
			continue;
		if (syscall_number_of(facts->arch, name, &call) && call < SYSCALL_NUMBER_LIMIT)
			bitset_add(selection->excluded_calls, call);
		else if (syscall_by_name(name) == NULL)
			problem_add(&facts->problems, input, number, "no syscall '%.*s'",
				    name.size_bytes > 64 ? 64 : (int)name.size_bytes,
				    (const char *)name.bytes);
	}
}

static int exclude_file(struct selection *selection, const char *path)
{
	struct file_map map;
	struct error err;
	if (file_input_open(path, LIST_MAX_BYTES, &map, &err) != STATUS_OK)
		return report_error(path, &err);
	exclude_listed(selection, path, map.content);
	file_map_close(&map);
	return EXIT_DONE;
}

/* A name of a shipped list, names parted by commas, or a file. */
static int exclude_calls(struct selection *selection, const char *value)
{
	struct facts *facts = selection->facts;
	const char *list = arena_printf(&facts->arena, "exclusions/%s.txt", value);
	const struct shipped_file *shipped = shipped_find(list);
	if (shipped != NULL) {
		exclude_listed(selection, list, shipped->content);
		return EXIT_DONE;
	}
	if (strchr(value, '/') != NULL || strchr(value, '.') != NULL)
		return exclude_file(selection, value);
	struct slice rest = slice_of_string(value);
	struct slice name;
	while (slice_next_field(&rest, ',', &name)) {
		name = slice_trim(name);
		if (syscall_by_name(name) == NULL)
			return usage_error(facts->arguments,
					   "--exclude: no syscall '%.*s'; a file's name needs "
					   "a '/' or a '.'",
					   (int)name.size_bytes, (const char *)name.bytes);
		exclude_listed(selection, "--exclude", name);
	}
	return EXIT_DONE;
}

/* ---- workloads ---- */

struct exclusion {
	const char **keys; /* of workloads, or of applications */
	size_t count;
};

static bool is_excluded(const struct exclusion *exclusion, const struct workload *workload,
			const char *key)
{
	for (size_t i = 0; i < exclusion->count; i++)
		if (strcmp(exclusion->keys[i], key) == 0 ||
		    strcmp(exclusion->keys[i], workload->application) == 0)
			return true;
	return false;
}

static int check_key(struct selection *selection, const char *key)
{
	struct exclusion exclusion = { &key, 1 };
	struct nearest nearest = nearest_start(key);
	for (size_t i = 0; i < selection->facts->workloads.count; i++) {
		const struct workload *workload = selection->facts->workloads.workloads[i];
		const char *other = workload_key(&selection->facts->arena, workload);
		if (is_excluded(&exclusion, workload, other))
			return EXIT_DONE;
		nearest_try(&nearest, other);
		nearest_try(&nearest, workload->application);
	}
	char question[NEAREST_QUESTION_BYTES];
	return usage_error(selection->facts->arguments,
			   "--exclude-workload: no workload or application '%s'%s", key,
			   nearest_question(&nearest, question));
}

static int gather_keys(struct selection *selection, bool published, struct exclusion *exclusion)
{
	const struct arguments *arguments = selection->facts->arguments;
	enum { PUBLISHED = sizeof(published_workloads) / sizeof(*published_workloads) };
	exclusion->keys = arena_alloc(&selection->facts->arena, arguments->value_count + PUBLISHED,
				      sizeof(char *));
	for (size_t i = 0; i < PUBLISHED && published; i++)
		exclusion->keys[exclusion->count++] = published_workloads[i];
	for (size_t i = 0; i < arguments->value_count; i++) {
		const struct option_value *value = &arguments->values[i];
		if (strcmp(value->spec->name, "exclude-workload") != 0)
			continue;
		if (check_key(selection, value->value) != EXIT_DONE)
			return EXIT_USAGE;
		exclusion->keys[exclusion->count++] = value->value;
	}
	return EXIT_DONE;
}

static void part_workloads(struct selection *selection, const struct exclusion *exclusion)
{
	struct arena *arena = &selection->facts->arena;
	size_t count = selection->all.count;
	selection->kept.workloads = arena_alloc(arena, count, sizeof(*selection->kept.workloads));
	selection->excluded_workloads = arena_alloc(arena, count, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		const struct workload *workload = selection->all.workloads[i];
		const char *key = workload_key(arena, workload);
		if (is_excluded(exclusion, workload, key))
			selection->excluded_workloads[selection->excluded_workload_count++] = key;
		else
			selection->kept.workloads[selection->kept.count++] = workload;
	}
}

/* ---- levels ---- */

static int choose_levels(struct selection *selection)
{
	const struct arguments *arguments = selection->facts->arguments;
	const char *value = argument_value(arguments, "levels");
	struct slice rest = slice_of_string(value == NULL ? "full,partial" : value);
	struct slice name;
	while (slice_next_field(&rest, ',', &name)) {
		char *word = arena_slice(&selection->facts->arena, slice_trim(name));
		int level = layer_level_from_name(word);
		if (level < 0)
			return usage_error(arguments, "--levels: no level '%s'", word);
		selection->levels[level] = true;
	}
	return EXIT_DONE;
}

/* ---- all of it ---- */

static bool is_asked_for(const struct arguments *arguments)
{
	return argument_given(arguments, "exclude") ||
	       argument_given(arguments, "exclude-workload") ||
	       argument_given(arguments, "published-exclusions");
}

static int kind_of(const struct arguments *arguments, int kind)
{
	const char *value = argument_value(arguments, "workloads");
	if (value == NULL)
		return kind;
	return workload_kind_from_name(value); /* -1, any, for a source */
}

int selection_make(struct facts *facts, int kind, struct selection *out_selection)
{
	const struct arguments *arguments = facts->arguments;
	bool asked = is_asked_for(arguments);
	struct selection selection = { .facts = facts, .asked = asked };
	const struct workload_filter filter = { .kind = kind_of(arguments, kind),
						.arch = WORKLOAD_ANY };
	selection.all = workload_set_filter(&facts->arena, facts->workloads, &filter);
	selection.excluded_calls = bitset_create(&facts->arena, SYSCALL_NUMBER_LIMIT);

	struct exclusion exclusion = { 0 };
	int code = gather_keys(
	    &selection, !asked || argument_given(arguments, "published-exclusions"), &exclusion);
	if (code == EXIT_DONE)
		code = choose_levels(&selection);
	for (size_t i = 0; i < arguments->value_count && code == EXIT_DONE; i++)
		if (strcmp(arguments->values[i].spec->name, "exclude") == 0)
			code = exclude_calls(&selection, arguments->values[i].value);
	if (!asked && code == EXIT_DONE)
		code = exclude_calls(&selection, "published");
	if (code != EXIT_DONE)
		return code;
	part_workloads(&selection, &exclusion);
	*out_selection = selection;
	return EXIT_DONE;
}

enum needs_policy selection_policy(const struct arguments *arguments)
{
	return argument_given(arguments, "fake-ok") ? NEEDS_STUBS_FAKES : NEEDS_STUBS;
}

struct bitset selection_implemented(const struct selection *selection, const struct layer *layer)
{
	struct bitset set = bitset_create(&selection->facts->arena, SYSCALL_NUMBER_LIMIT);
	for (size_t i = 0; i < layer->entry_count; i++)
		if (selection->levels[layer->entries[i].level] &&
		    layer->entries[i].number < SYSCALL_NUMBER_LIMIT)
			bitset_add(set, layer->entries[i].number);
	return set;
}

struct bitset selection_supported(const struct selection *selection, const struct layer *layer)
{
	struct bitset set = selection_implemented(selection, layer);
	bitset_add_all(set, selection->excluded_calls);
	return set;
}

static void describe_source(const struct source *source, struct writer *writer)
{
	writer_section_begin(writer, "source", NULL);
	writer_text(writer, "title", "Source", source->title);
	writer_text(writer, "version", "Source version", source->version);
	writer_text(writer, "licence", "Licence", source->licence);
	writer_text(writer, "url", source->url == NULL ? NULL : "URL", source->url);
	writer_section_end(writer);
}

void selection_describe_layer(const struct selection *selection, const struct layer *layer,
			      struct writer *writer)
{
	static const char *const policies[POLICY_COUNT] = {
		[POLICY_UNKNOWN] = "unknown",
		[POLICY_ENOSYS] = "return ENOSYS",
		[POLICY_EXIT] = "end the program",
	};
	size_t implemented = bitset_size(selection_implemented(selection, layer));
	writer_section_begin(writer, "layer", NULL);
	writer_text(writer, "name", NULL, layer->name);
	writer_text(writer, "version", NULL, layer->version);
	writer_integer(writer, "implemented", "Implemented syscalls", (int64_t)implemented);
	writer_text(writer, "arch", "Architecture", arch_name(layer->arch));
	writer_text(writer, "policy", NULL, layer_policy_name(layer->policy));
	writer_text(writer, NULL, "Calls it does not know", policies[layer->policy]);
	describe_source(&layer->source, writer);
	writer_section_end(writer);
}

void selection_describe_levels(const struct selection *selection, const struct layer *layer,
			       struct writer *writer)
{
	static const struct column columns[] = {
		{ "level", "Level", COLUMN_TEXT },
		{ "calls", "Calls", COLUMN_NUMBER },
		{ "implemented", "Implemented", COLUMN_BOOL },
	};
	size_t counts[LEVEL_COUNT] = { 0 };
	for (size_t i = 0; i < layer->entry_count; i++)
		counts[layer->entries[i].level]++;
	writer_table_begin(writer, "levels", "Calls by level", columns, 3, false);
	for (int level = 0; level < LEVEL_COUNT; level++) {
		if (counts[level] == 0)
			continue;
		writer_cell_text(writer, layer_level_name((enum layer_level)level));
		writer_cell_integer(writer, (int64_t)counts[level]);
		writer_cell_bool(writer, selection->levels[level]);
	}
	writer_table_end(writer);
}

void selection_describe_exclusions(const struct selection *selection, struct writer *writer)
{
	size_t count;
	const char **calls = facts_call_names(selection->facts, selection->excluded_calls, &count);
	writer_section_begin(writer, "exclusions", NULL);
	writer_text(writer, "chosen", "Exclusions", selection->asked ? "given" : "published");
	writer_names(writer, "workloads", "Excluded workloads", selection->excluded_workloads,
		     selection->excluded_workload_count);
	writer_names(writer, "calls", "Excluded calls, taken as implemented", calls, count);
	writer_section_end(writer);
}
