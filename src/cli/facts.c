#include "cli/facts.h"

#include <string.h>

#include "cli/stored.h"
#include "syscalls/table.h"

int facts_open(const struct arguments *arguments, struct facts *out_facts)
{
	*out_facts = (struct facts){ .arguments = arguments };
	struct facts *facts = out_facts;
	facts->problems.arena = &facts->arena;
	const char *arch = argument_value(arguments, "arch");
	facts->arch = arch == NULL ? ARCH_X86_64 : (enum arch)arch_from_name(arch);

	struct workload_set all;
	int code = stored_load_workloads(arguments, &facts->arena, &facts->problems, &all);
	if (code == EXIT_DONE)
		code = stored_load_layers(arguments, &facts->arena, &facts->own_layers);
	if (code != EXIT_DONE)
		return code;
	const struct workload_filter filter = { .kind = WORKLOAD_ANY, .arch = (int)facts->arch };
	facts->workloads = workload_set_filter(&facts->arena, all, &filter);
	return EXIT_DONE;
}

void facts_close(struct facts *facts)
{
	report_problems(&facts->problems, facts->arguments);
	arena_finish(&facts->arena);
}

int facts_load_layer(struct facts *facts, const char *name_or_path, const struct layer **out_layer)
{
	struct error err;
	struct layer *layer = arena_alloc(&facts->arena, 1, sizeof(*layer));
	if (layer_load(name_or_path, facts->arch, &facts->own_layers, &facts->problems, layer,
		       &err) != STATUS_OK)
		return report_error(name_or_path, &err);
	if (layer->arch != facts->arch) /* its numbers mean other calls */
		return usage_error(facts->arguments, "%s is for %s: use --arch %s", name_or_path,
				   arch_name(layer->arch), arch_name(layer->arch));
	*out_layer = layer;
	return EXIT_DONE;
}

const char *facts_workload_label(struct facts *facts, const struct workload *workload)
{
	size_t alike = 0;
	for (size_t i = 0; i < facts->workloads.count; i++) {
		const struct workload *other = facts->workloads.workloads[i];
		alike += other->kind == workload->kind &&
			 strcmp(other->application, workload->application) == 0;
	}
	if (alike > 1)
		return workload_key(&facts->arena, workload);
	return workload->kind == WORKLOAD_BENCHMARK
		   ? workload->application
		   : arena_printf(&facts->arena, "%s-%s", workload->application,
				  workload_kind_name(workload->kind));
}

const char *facts_syscall_name(struct facts *facts, uint32_t number)
{
	char made_up[SYSCALL_NAME_BYTES];
	const char *name = syscall_name(facts->arch, number, made_up);
	return name == made_up ? arena_string(&facts->arena, name) : name;
}

const char **facts_call_names(struct facts *facts, struct bitset calls, size_t *out_count)
{
	const char **names = arena_alloc(&facts->arena, bitset_size(calls), sizeof(*names));
	size_t count = 0;
	for (size_t i = bitset_next(calls, 0); i != SIZE_MAX; i = bitset_next(calls, i + 1))
		names[count++] = facts_syscall_name(facts, (uint32_t)i);
	*out_count = count;
	return names;
}
