/* Raw counters of either observer -> sorted, comparable records. */
#include "explore/observation.h"

#include <stdlib.h>
#include <string.h>

static const char *const loss_texts[OBSERVER_LOSS_COUNT] = {
	[LOSS_TASK] = "processes or threads that could not be followed",
	[LOSS_PROGRAM] = "program starts counted with their parent's program",
	[LOSS_OPERATION] = "operations of vectored calls without room",
	[LOSS_PATH] = "openings of pseudo-files without room",
	[LOSS_PATH_UNREAD] = "paths that could not be read",
	[LOSS_PATH_CUT] = "paths that were cut",
	[LOSS_ODD] = "calls of impossible numbers without room",
};

const char *observer_loss_text(enum observer_loss loss)
{
	return loss_texts[loss];
}

void observer_tally_add(struct observer_tally *sum, const struct observer_tally *tally)
{
	for (size_t i = 0; i < OBSERVER_MAX_NUMBERS; i++) {
		sum->entered[i] += tally->entered[i];
		sum->skipped[i] += tally->skipped[i];
		if (sum->first_skip[i] == 0 ||
		    (tally->first_skip[i] != 0 && tally->first_skip[i] < sum->first_skip[i]))
			sum->first_skip[i] = tally->first_skip[i];
	}
	for (size_t i = 0; i < OBSERVER_MAX_SIGNALS; i++)
		sum->deaths[i] += tally->deaths[i];
}

static int compare_calls(const void *left, const void *right)
{
	const struct observed_call *a = left;
	const struct observed_call *b = right;
	if (a->compat != b->compat)
		return a->compat ? 1 : -1;
	return (a->number > b->number) - (a->number < b->number);
}

static size_t merge_calls(struct observed_call *calls, size_t count)
{
	if (count == 0)
		return 0;
	qsort(calls, count, sizeof(*calls), compare_calls);
	size_t kept = 0;
	for (size_t i = 1; i < count; i++) {
		if (compare_calls(&calls[kept], &calls[i]) == 0) {
			calls[kept].entered_count += calls[i].entered_count;
			calls[kept].skipped_count += calls[i].skipped_count;
		} else {
			calls[++kept] = calls[i];
		}
	}
	return kept + 1;
}

struct observed_program observation_calls(const struct observer_tally *tally,
					  const struct observed_call *odd, size_t odd_count,
					  struct arena *arena)
{
	size_t room = OBSERVER_MAX_NUMBERS + odd_count;
	struct observed_call *calls = arena_alloc(arena, room, sizeof(*calls));
	size_t count = 0;
	for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++) {
		if (tally->entered[number] == 0 && tally->skipped[number] == 0)
			continue;
		calls[count++] = (struct observed_call){ .number = number,
							 .entered_count = tally->entered[number],
							 .skipped_count = tally->skipped[number],
							 .first_skip = tally->first_skip[number] };
	}
	for (size_t i = 0; i < odd_count; i++)
		calls[count++] = odd[i];
	return (struct observed_program){ .calls = calls, .call_count = merge_calls(calls, count) };
}

static int compare_operations(const void *left, const void *right)
{
	const struct observed_operation *a = left;
	const struct observed_operation *b = right;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

size_t observation_merge_operations(struct observed_operation *operations, size_t count)
{
	if (count == 0)
		return 0;
	qsort(operations, count, sizeof(*operations), compare_operations);
	size_t kept = 0;
	for (size_t i = 1; i < count; i++) {
		if (compare_operations(&operations[kept], &operations[i]) == 0)
			operations[kept].count += operations[i].count;
		else
			operations[++kept] = operations[i];
	}
	return kept + 1;
}

static int compare_paths(const void *left, const void *right)
{
	const struct observed_path *a = left;
	const struct observed_path *b = right;
	return strcmp(a->path, b->path);
}

size_t observation_merge_paths(struct observed_path *paths, size_t count)
{
	if (count == 0)
		return 0;
	qsort(paths, count, sizeof(*paths), compare_paths);
	size_t kept = 0;
	for (size_t i = 1; i < count; i++) {
		if (compare_paths(&paths[kept], &paths[i]) == 0)
			paths[kept].count += paths[i].count;
		else
			paths[++kept] = paths[i];
	}
	return kept + 1;
}

const char *observation_normal_path(const char *path, struct arena *arena)
{
	static const char proc[] = "/proc/";
	if (strncmp(path, proc, sizeof(proc) - 1) != 0)
		return arena_string(arena, path);
	const char *rest = path + sizeof(proc) - 1;
	size_t digits = strspn(rest, "0123456789");
	if (digits == 0 || (rest[digits] != '/' && rest[digits] != '\0'))
		return arena_string(arena, path);
	rest += digits;
	static const char task[] = "/task/";
	if (strncmp(rest, task, sizeof(task) - 1) != 0)
		return arena_printf(arena, "/proc/self%s", rest);
	rest += sizeof(task) - 1;
	return arena_printf(arena, "/proc/self/task/self%s", rest + strspn(rest, "0123456789"));
}

const struct observed_call *observation_find(const struct observed_program *program,
					     uint32_t number, bool compat)
{
	struct observed_call key = { .number = number, .compat = compat };
	if (program->call_count == 0)
		return NULL;
	return bsearch(&key, program->calls, program->call_count, sizeof(key), compare_calls);
}
