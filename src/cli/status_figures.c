/* What the status of one layer and a comparison of several both say. */
#include <string.h>

#include "cli/status.h"
#include "syscalls/table.h"

struct completeness status_completeness(struct facts *facts, struct workload_set workloads,
					struct bitset supported, enum needs_policy policy)
{
	struct needs needs = needs_of_workloads(&facts->arena, workloads.workloads, workloads.count,
						SYSCALL_NUMBER_LIMIT, policy);
	return completeness_of(&needs, NULL, supported, NULL);
}

void status_note_few_lacks(const struct selection *selection, const struct layer *layer,
			   struct writer *writer)
{
	enum { FEW = 3 };
	struct facts *facts = selection->facts;
	struct missing_list list =
	    missing_list_make(facts, selection->all, selection_supported(selection, layer));
	size_t common = 0;
	while (common < list.count && 2 * list.calls[common].call->needed > selection->all.count)
		common++;
	if (common == 0 || common > FEW)
		return;
	const char *names = list.calls[0].name;
	bool has_execve = strcmp(names, "execve") == 0;
	for (size_t i = 1; i < common; i++) {
		names = arena_printf(&facts->arena, "%s,%s", names, list.calls[i].name);
		has_execve |= strcmp(list.calls[i].name, "execve") == 0;
	}
	writer_note(writer, NULL,
		    "%s lacks what most workloads need: '--exclude %s' shows how it does but for "
		    "that.%s",
		    layer_key(&facts->arena, layer), names,
		    has_execve ? " Recordings begin with an execve; a layer that starts programs "
				 "in another way may do without."
			       : "");
}
