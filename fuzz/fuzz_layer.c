/* Any bytes as a layer file, in whatever form they look like. */
#include "check.h"
#include "layer/read.h"
#include "syscalls/table.h"

static void check_layer(const struct layer *layer)
{
	check(layer->name != NULL && layer->source.title != NULL && layer->entry_count > 0);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct layer_entry *entry = &layer->entries[i];
		check(syscall_by_number(layer->arch, entry->number) != NULL);
		check(entry->level < LEVEL_COUNT);
		check(i == 0 || layer->entries[i - 1].number < entry->number);
		check(layer_level_of(layer, entry->number) == entry->level);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct layer layer;
	struct error err = { 0 };
	if (layer_read((struct slice){ bytes, size_bytes }, "fuzz", ARCH_X86_64, &problems, &layer,
		       &err) == STATUS_OK)
		check_layer(&layer);
	else
		check(err.status != STATUS_OK && err.text[0] != '\0');
	for (const struct problem *problem = problems.first; problem != NULL;
	     problem = problem->next)
		check(problem->text[0] != '\0');
	arena_finish(&arena);
	return 0;
}
