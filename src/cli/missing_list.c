#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "cli/status.h"

enum { TOP_DEFAULT = 25, USERS_SHOWN = 20, STUBBERS_SHOWN = 8 };

static int compare_named_calls(const void *left, const void *right)
{
	const struct named_call *a = left;
	const struct named_call *b = right;
	if (a->call->needed != b->call->needed)
		return a->call->needed > b->call->needed ? -1 : 1;
	return strcmp(a->name, b->name);
}

static size_t chosen_top(const struct arguments *arguments, size_t count)
{
	const char *value = argument_value(arguments, "top");
	uint64_t top = TOP_DEFAULT;
	if (value != NULL)
		(void)slice_parse_uint(slice_of_string(value), 10, &top); /* the option's kind */
	return top == 0 || top > count ? count : (size_t)top;
}

struct missing_list missing_list_make(struct facts *facts, struct workload_set workloads,
				      struct bitset supported)
{
	size_t count;
	const struct missing_call *calls =
	    missing_calls(&facts->arena, workloads.workloads, workloads.count, supported,
			  selection_policy(facts->arguments), &count);
	struct named_call *sorted = arena_alloc(&facts->arena, count, sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] =
		    (struct named_call){ &calls[i], facts_syscall_name(facts, calls[i].number) };
	if (count > 0)
		qsort(sorted, count, sizeof(*sorted), compare_named_calls);
	return (struct missing_list){ sorted, count, chosen_top(facts->arguments, count) };
}

void missing_list_describe_count(const struct missing_list *list, struct workload_set workloads,
				 struct writer *writer)
{
	writer_integer(writer, "of_workloads", NULL, (int64_t)workloads.count);
	writer_integer(writer, "count", NULL, (int64_t)list->count);
	if (list->shown < list->count)
		writer_note(writer, NULL, "The first %zu of %zu; --top 0 shows all.", list->shown,
			    list->count);
}

/* The lists of a row, by the verdicts of the workloads in them. */
static const struct user_list {
	const char *key;
	const char *title;
	unsigned verdicts; /* bits */
	size_t shown;
} user_lists[] = {
	{ "required_by", "Required by", 1u << VERDICT_REQUIRED, USERS_SHOWN },
	{ "faking_works_in", "Faking works in", 1u << VERDICT_FAKEABLE, USERS_SHOWN },
	{ "stubbing_works_in", "Stubbing works in", 1u << VERDICT_STUBBABLE | 1u << VERDICT_EITHER,
	  STUBBERS_SHOWN },
	{ "undecided_in", "Undecided in", 1u << VERDICT_FLAKY | 1u << VERDICT_UNTESTED,
	  USERS_SHOWN },
};

enum { USER_LIST_COUNT = sizeof(user_lists) / sizeof(*user_lists) };

/* The workloads of one list, by name: with their keys for programs, and for people by label. */
static void cell_users(struct facts *facts, const struct missing_call *call,
		       const struct user_list *list, struct writer *writer)
{
	const char **keys = arena_alloc(&facts->arena, call->used, sizeof(*keys));
	const char **labels = arena_alloc(&facts->arena, call->used, sizeof(*labels));
	size_t count = 0;
	for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		for (size_t i = 0; i < call->verdict_count[verdict]; i++) {
			const struct workload *workload = call->by_verdict[verdict][i];
			if ((list->verdicts >> verdict & 1) == 0)
				continue;
			keys[count] = workload_key(&facts->arena, workload);
			labels[count++] = facts_workload_label(facts, workload);
		}
	}
	names_sort(keys, count);
	names_sort(labels, count);
	writer_cell_list(writer, keys, count);
	writer_cell_list_cut(writer, labels, count, list->shown);
}

/* A list that is empty in every row is not worth a column to people. */
static bool has_users(const struct missing_list *list, const struct user_list *user_list)
{
	for (size_t i = 0; i < list->shown; i++)
		for (int verdict = 0; verdict < VERDICT_COUNT; verdict++)
			if ((user_list->verdicts >> verdict & 1) != 0 &&
			    list->calls[i].call->verdict_count[verdict] > 0)
				return true;
	return false;
}

void missing_list_describe(struct facts *facts, const struct missing_list *list,
			   const struct layer *layer, bool main, struct writer *writer)
{
	enum { COLUMN_COUNT = 4 + 2 * USER_LIST_COUNT };
	struct column columns[COLUMN_COUNT] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "needed", "Needed by", COLUMN_NUMBER },
		{ "used", "Used by", COLUMN_NUMBER },
		{ "level", "Level", COLUMN_TEXT },
	};
	for (size_t i = 0; i < USER_LIST_COUNT; i++) {
		const char *title = has_users(list, &user_lists[i]) ? user_lists[i].title : NULL;
		columns[4 + 2 * i] = (struct column){ user_lists[i].key, NULL, COLUMN_LIST };
		columns[5 + 2 * i] = (struct column){ NULL, title, COLUMN_LIST };
	}
	writer_table_begin(writer, "calls", NULL, columns, COLUMN_COUNT, main);
	for (size_t i = 0; i < list->shown; i++) {
		const struct missing_call *call = list->calls[i].call;
		writer_cell_text(writer, list->calls[i].name);
		writer_cell_integer(writer, (int64_t)call->needed);
		writer_cell_integer(writer, (int64_t)call->used);
		writer_cell_text(writer, layer_level_name(layer_level_of(layer, call->number)));
		for (size_t j = 0; j < USER_LIST_COUNT; j++)
			cell_users(facts, call, &user_lists[j], writer);
	}
	writer_table_end(writer);
}
