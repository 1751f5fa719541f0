/* The user side of the observer: loads observer.bpf.c, marks processes, reads the maps. */
#include "explore/observer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "explore/interest.h"
#include "explore/observer_object.h"

enum { OBSERVER_MAX_LINKS = 8 };

struct observer {
	struct bpf_object *object;                  /* owned */
	struct bpf_link *links[OBSERVER_MAX_LINKS]; /* owned */
	size_t link_count;
	struct observer_tally *tallies; /* the mapped array, OBSERVER_MAX_TALLIES of them */
	struct bpf_map *next_tally;     /* the program's variable */
};

static int map_fd(const struct observer *observer, const char *name)
{
	return bpf_object__find_map_fd_by_name(observer->object, name);
}

static enum status load_failed(int code, struct error *err)
{
	if (code == -EPERM || code == -EACCES)
		return error_set(err, STATUS_DENIED, ERROR_NO_OFF,
				 "eBPF needs root, or CAP_BPF and CAP_PERFMON");
	return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
			 "this kernel does not take the eBPF observer (%s); it needs Linux 5.11 "
			 "with CONFIG_DEBUG_INFO_BTF",
			 strerror(-code));
}

static enum status attach_all(struct observer *observer, struct error *err)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, observer->object)
	{
		struct bpf_link *link = bpf_program__attach(program);
		if (link == NULL)
			return load_failed(-errno, err);
		observer->links[observer->link_count++] = link;
	}
	return STATUS_OK;
}

static enum status map_tallies(struct observer *observer, struct error *err)
{
	void *start = mmap(NULL, sizeof(struct observer_tally) * OBSERVER_MAX_TALLIES,
			   PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(observer, "tallies"), 0);
	if (start == MAP_FAILED)
		return load_failed(-errno, err);
	observer->tallies = start;
	return STATUS_OK;
}

static enum status declare_interests(const struct observer *observer, struct error *err)
{
	int fd = map_fd(observer, "interests");
	for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++) {
		struct observer_interest interest = interest_of(number);
		if (interest.operation == 0 && interest.path == 0)
			continue;
		if (bpf_map_update_elem(fd, &number, &interest, BPF_ANY) != 0)
			return load_failed(-errno, err);
	}
	return STATUS_OK;
}

enum status observer_open(struct observer **out_observer, struct error *err)
{
	(void)libbpf_set_print(NULL);
	struct observer *observer = calloc(1, sizeof(*observer));
	if (observer == NULL)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "out of memory");
	observer->object = bpf_object__open_mem(observer_object, sizeof(observer_object), NULL);
	int code = observer->object == NULL ? -errno : bpf_object__load(observer->object);
	enum status status = code == 0 ? map_tallies(observer, err) : load_failed(code, err);
	if (status == STATUS_OK)
		status = declare_interests(observer, err);
	if (status == STATUS_OK)
		status = attach_all(observer, err);
	if (status != STATUS_OK) {
		observer_close(observer);
		return status;
	}
	*out_observer = observer;
	return STATUS_OK;
}

void observer_close(struct observer *observer)
{
	if (observer == NULL)
		return;
	for (size_t i = 0; i < observer->link_count; i++)
		(void)bpf_link__destroy(observer->links[i]);
	if (observer->tallies != NULL)
		(void)munmap(observer->tallies,
			     sizeof(struct observer_tally) * OBSERVER_MAX_TALLIES);
	bpf_object__close(observer->object);
	free(observer);
}

/* Key buffers large enough for every map here. */
union any_key {
	struct observer_operation operation;
	struct observer_odd odd;
	struct observer_path path;
	struct observer_program program;
};

static void empty_map(int fd)
{
	union any_key key;
	while (bpf_map_get_next_key(fd, NULL, &key) == 0 && bpf_map_delete_elem(fd, &key) == 0)
		continue;
}

void observer_clear(struct observer *observer, uint32_t tally, bool detail)
{
	memset(&observer->tallies[tally], 0, sizeof(observer->tallies[tally]));
	if (!detail)
		return;
	empty_map(map_fd(observer, "operations"));
	empty_map(map_fd(observer, "paths"));
	empty_map(map_fd(observer, "odd"));
}

int observer_follow_self(const struct observer *observer, uint32_t tally, uint32_t flags)
{
	int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (process == -1)
		return -1;
	struct observer_task state = { .tally = tally, .flags = flags | OBSERVER_LAUNCHING };
	int code = bpf_map_update_elem(map_fd(observer, "tasks"), &process, &state, BPF_ANY);
	(void)close(process);
	return code == 0 ? 0 : -1;
}

const struct observer_tally *observer_tally(const struct observer *observer, uint32_t tally)
{
	return &observer->tallies[tally];
}

/* ---- reading ---- */

static bool is_of(uint32_t tally, uint32_t wanted)
{
	return wanted == UINT32_MAX || tally == wanted;
}

/* Calls `take` with each key and counter of a map. */
static void for_each_entry(int fd, void (*take)(const union any_key *, uint64_t, void *),
			   void *context)
{
	union any_key key;
	union any_key next;
	const void *previous = NULL;
	while (bpf_map_get_next_key(fd, previous, &next) == 0) {
		key = next;
		previous = &key;
		uint64_t count = 0;
		if (bpf_map_lookup_elem(fd, &key, &count) == 0)
			take(&key, count, context);
	}
}

struct collection {
	struct arena *arena;
	uint32_t tally; /* UINT32_MAX: every one */
	struct observed_operation *operations;
	size_t operation_count;
	struct observed_path *paths;
	size_t path_count;
	struct observed_call *odd;
	size_t odd_count;
};

static void take_operation(const union any_key *key, uint64_t count, void *context)
{
	struct collection *into = context;
	if (is_of(key->operation.tally, into->tally) &&
	    into->operation_count < OBSERVER_MAX_OPERATIONS)
		into->operations[into->operation_count++] =
		    (struct observed_operation){ key->operation.number, key->operation.value,
						 count };
}

static void take_path(const union any_key *key, uint64_t count, void *context)
{
	struct collection *into = context;
	if (is_of(key->path.tally, into->tally) && into->path_count < OBSERVER_MAX_PATHS)
		into->paths[into->path_count++] =
		    (struct observed_path){ observation_normal_path(key->path.path, into->arena),
					    count };
}

static void take_odd(const union any_key *key, uint64_t count, void *context)
{
	struct collection *into = context;
	if (is_of(key->odd.tally, into->tally) && into->odd_count < OBSERVER_MAX_ODD)
		into->odd[into->odd_count++] = (struct observed_call){
			.number = key->odd.number & ~OBSERVER_COMPAT,
			.compat = (key->odd.number & OBSERVER_COMPAT) != 0,
			.entered_count = count,
		};
}

static void collect(struct observer *observer, struct collection *into)
{
	for_each_entry(map_fd(observer, "operations"), take_operation, into);
	for_each_entry(map_fd(observer, "paths"), take_path, into);
	for_each_entry(map_fd(observer, "odd"), take_odd, into);
	into->operation_count =
	    observation_merge_operations(into->operations, into->operation_count);
	into->path_count = observation_merge_paths(into->paths, into->path_count);
}

/* Rooms for everything the maps can hold; the scratch arena dies with the collection. */
static struct collection collection_create(struct arena *scratch, struct arena *arena,
					   uint32_t tally)
{
	return (struct collection){
		.arena = arena,
		.tally = tally,
		.operations = arena_alloc(scratch, OBSERVER_MAX_OPERATIONS,
					  sizeof(struct observed_operation)),
		.paths = arena_alloc(scratch, OBSERVER_MAX_PATHS, sizeof(struct observed_path)),
		.odd = arena_alloc(scratch, OBSERVER_MAX_ODD, sizeof(struct observed_call)),
	};
}

static void read_losses(const struct observer *observer, uint64_t *out_losses)
{
	int fd = map_fd(observer, "losses");
	for (uint32_t loss = 0; loss < OBSERVER_LOSS_COUNT; loss++)
		(void)bpf_map_lookup_elem(fd, &loss, &out_losses[loss]);
}

static int compare_programs(const void *left, const void *right)
{
	const struct observed_program *a = left;
	const struct observed_program *b = right;
	return strcmp(a->path, b->path);
}

/* The program's calls, with the odd ones of its tally. */
static struct observed_program read_program(struct observer *observer, uint32_t tally,
					    struct collection *scratch, struct arena *arena)
{
	scratch->tally = tally;
	scratch->odd_count = 0;
	for_each_entry(map_fd(observer, "odd"), take_odd, scratch);
	return observation_calls(&observer->tallies[tally], scratch->odd, scratch->odd_count,
				 arena);
}

static size_t read_programs(struct observer *observer, struct observed_program *programs,
			    struct collection *scratch, struct observer_tally *sum)
{
	struct arena *arena = scratch->arena;
	int fd = map_fd(observer, "programs");
	struct observer_program key;
	struct observer_program next;
	const void *previous = NULL;
	size_t count = 0;
	while (count < OBSERVER_MAX_TALLIES && bpf_map_get_next_key(fd, previous, &next) == 0) {
		key = next;
		previous = &key;
		uint32_t tally = 0;
		if (bpf_map_lookup_elem(fd, &key, &tally) != 0 || tally >= OBSERVER_MAX_TALLIES)
			continue;
		observer_tally_add(sum, &observer->tallies[tally]);
		programs[count] = read_program(observer, tally, scratch, arena);
		programs[count++].path = arena_string(arena, key.path);
	}
	qsort(programs, count, sizeof(*programs), compare_programs);
	return count;
}

static struct observation finish_reading(struct observer *observer, struct collection *collection,
					 const struct observer_tally *sum)
{
	struct arena *arena = collection->arena;
	collect(observer, collection);
	struct observation observation = {
		.tree = observation_calls(sum, collection->odd, collection->odd_count, arena),
		.operations = arena_copy(arena, collection->operations, collection->operation_count,
					 sizeof(struct observed_operation)),
		.operation_count = collection->operation_count,
		.paths = arena_copy(arena, collection->paths, collection->path_count,
				    sizeof(struct observed_path)),
		.path_count = collection->path_count,
	};
	memcpy(observation.deaths, sum->deaths, sizeof(observation.deaths));
	read_losses(observer, observation.losses);
	return observation;
}

struct observation observer_read(struct observer *observer, struct arena *arena)
{
	struct arena scratch = { 0 };
	struct collection collection = collection_create(&scratch, arena, UINT32_MAX);
	struct observer_tally *sum = arena_alloc(&scratch, 1, sizeof(*sum));
	struct observed_program *programs =
	    arena_alloc(arena, OBSERVER_MAX_TALLIES, sizeof(*programs));
	size_t program_count = read_programs(observer, programs, &collection, sum);
	collection.tally = UINT32_MAX;
	collection.odd_count = 0;
	struct observation observation = finish_reading(observer, &collection, sum);
	observation.programs = programs;
	observation.program_count = program_count;
	arena_finish(&scratch);
	return observation;
}

struct observation observer_read_tally(struct observer *observer, uint32_t tally,
				       struct arena *arena)
{
	struct arena scratch = { 0 };
	struct collection collection = collection_create(&scratch, arena, tally);
	struct observation observation =
	    finish_reading(observer, &collection, &observer->tallies[tally]);
	arena_finish(&scratch);
	return observation;
}
