#include <string.h>

#include "cli/output.h"
#include "cli/selection.h"
#include "syscalls/table.h"

/* ---- list ---- */

/* Without --arch the layers of every architecture are listed. */
static struct layer_catalog layers_of_arch(struct facts *facts, struct layer_catalog catalog)
{
	if (!argument_given(facts->arguments, "arch"))
		return catalog;
	struct layer *kept = arena_alloc(&facts->arena, catalog.layer_count, sizeof(*kept));
	size_t count = 0;
	for (size_t i = 0; i < catalog.layer_count; i++)
		if (catalog.layers[i].arch == facts->arch)
			kept[count++] = catalog.layers[i];
	return (struct layer_catalog){ kept, count };
}

static size_t count_implemented(const struct selection *selection, const struct layer *layer)
{
	return bitset_size(selection_implemented(selection, layer));
}

static void list_layers(const struct selection *selection, const struct layer_catalog *catalog,
			const char *origin, struct writer *writer)
{
	struct arena *arena = &selection->facts->arena;
	for (size_t i = 0; i < catalog->layer_count; i++) {
		const struct layer *layer = &catalog->layers[i];
		writer_cell_text(writer, layer_key(arena, layer));
		writer_cell_text(writer, arch_name(layer->arch));
		writer_cell_integer(writer, (int64_t)count_implemented(selection, layer));
		writer_cell_text(writer, layer_policy_name(layer->policy));
		writer_cell_text(writer, origin);
		writer_cell_text(writer, layer->source.title);
	}
}

/* People need no column in which every row is the same: all that is shipped is for x86_64. */
static int describe_list(const struct selection *selection, struct writer *writer)
{
	struct facts *facts = selection->facts;
	struct layer_catalog shipped = layers_of_arch(facts, layer_catalog_load(&facts->arena));
	struct layer_catalog own = layers_of_arch(facts, facts->own_layers);
	const struct column columns[] = {
		{ "layer", "Layer", COLUMN_TEXT },
		{ "arch", own.layer_count == 0 ? NULL : "Arch", COLUMN_TEXT },
		{ "implemented", "Implemented", COLUMN_NUMBER },
		{ "policy", "Other calls", COLUMN_TEXT },
		{ "origin", own.layer_count == 0 ? NULL : "Origin", COLUMN_TEXT },
		{ "source", "Source", COLUMN_TEXT },
	};
	writer_table_begin(writer, "layers", NULL, columns, 6, true);
	list_layers(selection, &shipped, "shipped", writer);
	list_layers(selection, &own, "own", writer);
	writer_table_end(writer);
	return EXIT_DONE;
}

/* ---- show ---- */

static void describe_calls(const struct layer *layer, struct writer *writer)
{
	static const struct column columns[] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "number", "Number", COLUMN_NUMBER },
		{ "level", "Level", COLUMN_TEXT },
		{ "note", "Note", COLUMN_TEXT },
	};
	writer_table_begin(writer, "calls", "Calls", columns, 4, true);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct layer_entry *entry = &layer->entries[i];
		char made_up[SYSCALL_NAME_BYTES];
		writer_cell_text(writer, syscall_name(layer->arch, entry->number, made_up));
		writer_cell_integer(writer, entry->number);
		writer_cell_text(writer, layer_level_name(entry->level));
		writer_cell_text(writer, entry->note);
	}
	writer_table_end(writer);
}

static int describe_show(const struct selection *selection, struct writer *writer)
{
	struct facts *facts = selection->facts;
	const struct layer *layer;
	int code = facts_load_layer(facts, facts->arguments->operands[1], &layer);
	if (code != EXIT_DONE)
		return code;
	selection_describe_layer(selection, layer, writer);
	selection_describe_levels(selection, layer, writer);
	describe_calls(layer, writer);
	return EXIT_DONE;
}

/* ---- diff ---- */

/* The numbers that either layer names, where their levels differ. */
static struct bitset differing_calls(struct facts *facts, const struct layer *const *layers)
{
	struct bitset differing = bitset_create(&facts->arena, SYSCALL_NUMBER_LIMIT);
	for (uint32_t number = 0; number < SYSCALL_NUMBER_LIMIT; number++)
		if (layer_level_of(layers[0], number) != layer_level_of(layers[1], number))
			bitset_add(differing, number);
	return differing;
}

static int describe_diff(const struct selection *selection, struct writer *writer)
{
	struct facts *facts = selection->facts;
	const struct layer *layers[2];
	for (size_t i = 0; i < 2; i++) {
		int code = facts_load_layer(facts, facts->arguments->operands[i + 1], &layers[i]);
		if (code != EXIT_DONE)
			return code;
	}
	if (layers[0]->arch != layers[1]->arch)
		return usage_error(facts->arguments, "%s is for %s, %s for %s",
				   facts->arguments->operands[1], arch_name(layers[0]->arch),
				   facts->arguments->operands[2], arch_name(layers[1]->arch));
	const char *keys[2] = { layer_key(&facts->arena, layers[0]),
				layer_key(&facts->arena, layers[1]) };
	const struct column columns[] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "before", keys[0], COLUMN_TEXT },
		{ "after", keys[1], COLUMN_TEXT },
	};
	writer_text(writer, "before", NULL, keys[0]);
	writer_text(writer, "after", NULL, keys[1]);
	struct bitset differing = differing_calls(facts, layers);
	writer_integer(writer, "count", "Differences", (int64_t)bitset_size(differing));
	writer_table_begin(writer, "calls", NULL, columns, 3, true);
	for (size_t i = bitset_next(differing, 0); i != SIZE_MAX;
	     i = bitset_next(differing, i + 1)) {
		char made_up[SYSCALL_NAME_BYTES];
		writer_cell_text(writer, syscall_name(layers[0]->arch, (uint32_t)i, made_up));
		for (size_t j = 0; j < 2; j++)
			writer_cell_text(writer,
					 layer_level_name(layer_level_of(layers[j], (uint32_t)i)));
	}
	writer_table_end(writer);
	return EXIT_DONE;
}

/* ---- the command ---- */

static const struct verb {
	const char *name;
	const char *usage;
	const char *schema;
	size_t operand_count;
	int (*describe)(const struct selection *selection, struct writer *writer);
} verbs[] = {
	{ "list", "", "sysgap-layers", 0, describe_list },
	{ "show", "LAYER", "sysgap-layer", 1, describe_show },
	{ "diff", "LAYER LAYER", "sysgap-layer-diff", 2, describe_diff },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static const char *title_of(struct facts *facts, const struct verb *verb)
{
	const char **operands = facts->arguments->operands;
	if (verb->operand_count == 0)
		return "Layers";
	if (verb->operand_count == 1)
		return arena_printf(&facts->arena, "Layer %s", operands[1]);
	return arena_printf(&facts->arena, "From %s to %s", operands[1], operands[2]);
}

static int write_verb(const struct selection *selection, const struct verb *verb)
{
	struct output output;
	int code = output_open(selection->facts->arguments, verb->schema, 1,
			       title_of(selection->facts, verb), &output);
	if (code != EXIT_DONE)
		return code;
	code = verb->describe(selection, output.writer);
	if (code == EXIT_DONE)
		return output_close(&output);
	output_discard(&output);
	return code;
}

static int run_layer(const struct arguments *arguments)
{
	const struct verb *verb = find_verb(arguments->operands[0]);
	if (verb == NULL)
		return usage_error(arguments, "no '%s': list, show and diff are known",
				   arguments->operands[0]);
	if (arguments->operand_count != verb->operand_count + 1)
		return usage_error(arguments, "'%s' needs %s", verb->name,
				   verb->operand_count == 0 ? "nothing else" : verb->usage);
	struct facts facts;
	struct selection selection;
	int code = facts_open(arguments, &facts);
	if (code == EXIT_DONE)
		code = selection_make(&facts, WORKLOAD_ANY, &selection);
	if (code == EXIT_DONE)
		code = write_verb(&selection, verb);
	facts_close(&facts);
	return code;
}

static const struct option_spec options[] = {
	SELECTION_LEVELS_OPTION,
	{ 0 },
};

static const struct example examples[] = {
	{ "layer list", "the layers that sysgap knows" },
	{ "layer show gvisor", "every call of gVisor with its level and note" },
	{ "layer show gramine-1.8 --format names", "the calls that Gramine names, one a line" },
	{ "layer diff gramine-1.0 gramine-1.8", "what changed between two versions" },
	{ "layer diff gramine-1.8 my-table.c", "and against an own table" },
	{ 0 },
};

const struct command cmd_layer = {
	.name = "layer",
	.usage = "list | show LAYER | diff LAYER LAYER",
	.summary = "what layers there are, and what each says of every call",
	.details =
	    "list: the layers that come with sysgap, and own ones from the store; with --arch "
	    "those of one architecture. show: one layer's "
	    "calls with level, note and source. diff: the calls whose level differs.\n\n"
	    "Levels: full; partial (some operations or flags are missing, see the note); fake "
	    "(returns success, does nothing); dummy (is there, does nothing useful); enosys; "
	    "denied "
	    "(returns another error); absent (the layer does not name it).\n\n"
	    "LAYER is a name, or a file: one name per line, a C table, CSV or JSON.",
	.examples = examples,
	.options = options,
	.verbs = "list|show|diff",
	.operand_kind = VALUE_LAYER,
	.min_operands = 1,
	.max_operands = 3,
	.run = run_layer,
};
