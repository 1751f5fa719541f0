/* Calls, operations and paths, one by one -> an observation. */
#include "explore/record.h"

#include <stdlib.h>
#include <string.h>

#include "explore/interest.h"

/* Arrays that grow by doubling, of different things. */
struct list {
	void *items;
	size_t count;
	size_t capacity;
};

struct record {
	struct arena arena;     /* names of programs and paths */
	struct list programs;   /* const char *, by tally; the first is nobody's */
	struct list operations; /* struct observed_operation */
	struct list paths;      /* struct observed_path */
	struct list odd;        /* struct observed_call, of the whole tree */
	struct observer_tally *tallies;
	uint64_t skip_count; /* stamps first_skip */
	uint64_t losses[OBSERVER_LOSS_COUNT];
};

static void *list_add(struct list *list, size_t item_bytes)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		void *items = realloc(list->items, capacity * item_bytes);
		if (items == NULL)
			abort();
		list->items = items;
		list->capacity = capacity;
	}
	void *item = (char *)list->items + list->count++ * item_bytes;
	memset(item, 0, item_bytes);
	return item;
}

struct record *record_create(void)
{
	struct record *record = calloc(1, sizeof(*record));
	struct observer_tally *tallies = calloc(OBSERVER_MAX_TALLIES, sizeof(*tallies));
	if (record == NULL || tallies == NULL)
		abort();
	record->tallies = tallies;
	*(const char **)list_add(&record->programs, sizeof(char *)) = NULL;
	return record;
}

void record_destroy(struct record *record)
{
	if (record == NULL)
		return;
	free(record->tallies);
	free(record->programs.items);
	free(record->operations.items);
	free(record->paths.items);
	free(record->odd.items);
	arena_finish(&record->arena);
	free(record);
}

void record_loss(struct record *record, enum observer_loss loss)
{
	record->losses[loss]++;
}

void record_death(struct record *record, uint32_t tally, int signal)
{
	if (signal < OBSERVER_MAX_SIGNALS)
		record->tallies[tally].deaths[signal]++;
}

uint32_t record_program(struct record *record, const char *path, uint32_t otherwise)
{
	const char **programs = record->programs.items;
	for (size_t i = 1; i < record->programs.count; i++)
		if (strcmp(programs[i], path) == 0)
			return (uint32_t)i;
	if (record->programs.count == OBSERVER_MAX_TALLIES) {
		record_loss(record, LOSS_PROGRAM);
		return otherwise;
	}
	*(const char **)list_add(&record->programs, sizeof(char *)) =
	    arena_string(&record->arena, path);
	return (uint32_t)record->programs.count - 1;
}

/* ---- calls ---- */

static void note_operation(struct record *record, uint32_t number, uint64_t value)
{
	struct list *list = &record->operations;
	struct observed_operation *operations = list->items;
	for (size_t i = 0; i < list->count; i++) {
		if (operations[i].number != number || operations[i].value != value)
			continue;
		operations[i].count++;
		return;
	}
	if (list->count == OBSERVER_MAX_OPERATIONS) {
		record->losses[LOSS_OPERATION]++;
		return;
	}
	struct observed_operation *added = list_add(list, sizeof(*added));
	*added = (struct observed_operation){ number, value, 1 };
}

static void count_odd(struct record *record, const struct machine_call *call)
{
	struct observed_call *odd = record->odd.items;
	for (size_t i = 0; i < record->odd.count; i++) {
		if (odd[i].number != call->number || odd[i].compat != call->compat)
			continue;
		odd[i].entered_count++;
		return;
	}
	if (record->odd.count == OBSERVER_MAX_ODD) {
		record_loss(record, LOSS_ODD);
		return;
	}
	struct observed_call *added = list_add(&record->odd, sizeof(*added));
	*added = (struct observed_call){ .number = call->number,
					 .compat = call->compat,
					 .entered_count = 1 };
}

void record_call(struct record *record, uint32_t tally, const struct machine_call *call)
{
	if (call->compat || call->number >= OBSERVER_MAX_NUMBERS) {
		count_odd(record, call);
		return;
	}
	record->tallies[tally].entered[call->number]++;
	struct observer_interest interest = interest_of(call->number);
	if (interest.operation == 0)
		return;
	uint64_t value = call->arguments[interest.operation - 1] & interest.operation_mask;
	if (interest.second != 0)
		value |= call->arguments[interest.second - 1] << 32;
	note_operation(record, call->number, value);
}

void record_skip(struct record *record, uint32_t tally, uint32_t number)
{
	if (number >= OBSERVER_MAX_NUMBERS)
		return;
	struct observer_tally *into = &record->tallies[tally];
	if (into->first_skip[number] == 0)
		into->first_skip[number] = ++record->skip_count;
	into->skipped[number]++;
}

/* ---- paths ---- */

static bool is_pseudo(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0 ||
	       strncmp(path, "/dev/", 5) == 0;
}

static void count_path(struct record *record, const char *path)
{
	struct observed_path *paths = record->paths.items;
	for (size_t i = 0; i < record->paths.count; i++) {
		if (strcmp(paths[i].path, path) != 0)
			continue;
		paths[i].count++;
		return;
	}
	if (record->paths.count == OBSERVER_MAX_PATHS) {
		record_loss(record, LOSS_PATH);
		return;
	}
	struct observed_path *added = list_add(&record->paths, sizeof(*added));
	*added = (struct observed_path){ arena_string(&record->arena, path), 1 };
}

const char *record_path(struct record *record, const char *path, struct arena *arena)
{
	if (!is_pseudo(path))
		return NULL;
	if (strlen(path) == OBSERVER_PATH_BYTES - 1)
		record_loss(record, LOSS_PATH_CUT);
	const char *normal = observation_normal_path(path, arena);
	count_path(record, normal);
	return normal;
}

/* ---- reading ---- */

static int compare_programs(const void *left, const void *right)
{
	const struct observed_program *a = left;
	const struct observed_program *b = right;
	return strcmp(a->path, b->path);
}

struct observation record_read(struct record *record, struct arena *arena)
{
	struct observation observation = { 0 };
	struct observer_tally *sum = arena_alloc(arena, 1, sizeof(*sum));
	size_t count = record->programs.count;
	struct observed_program *programs = arena_alloc(arena, count, sizeof(*programs));
	const char **names = record->programs.items;
	for (size_t i = 0; i < count; i++) {
		observer_tally_add(sum, &record->tallies[i]);
		if (i == 0)
			continue;
		programs[i - 1] = observation_calls(&record->tallies[i], NULL, 0, arena);
		programs[i - 1].path = arena_string(arena, names[i]);
	}
	qsort(programs, count - 1, sizeof(*programs), compare_programs);
	observation.programs = programs;
	observation.program_count = count - 1;
	observation.tree = observation_calls(sum, record->odd.items, record->odd.count, arena);
	size_t operation_count =
	    observation_merge_operations(record->operations.items, record->operations.count);
	observation.operations = arena_copy(arena, record->operations.items, operation_count,
					    sizeof(struct observed_operation));
	observation.operation_count = operation_count;
	size_t path_count = observation_merge_paths(record->paths.items, record->paths.count);
	struct observed_path *paths =
	    arena_copy(arena, record->paths.items, path_count, sizeof(*paths));
	for (size_t i = 0; i < path_count; i++)
		paths[i].path = arena_string(arena, paths[i].path);
	observation.paths = paths;
	observation.path_count = path_count;
	memcpy(observation.deaths, sum->deaths, sizeof(observation.deaths));
	memcpy(observation.losses, record->losses, sizeof(observation.losses));
	return observation;
}
