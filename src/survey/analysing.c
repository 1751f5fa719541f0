#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "survey/collect.h"
#include "survey/compose.h"
#include "survey/hash.h"
#include "survey/running.h"

/* ---- what a program's result goes by ---- */

/*
 * The same content gives the same result wherever its libraries are found the same way: on a disk
 * everywhere, unless it says to look beside itself; of packages with the same dependencies. The
 * name is in the evidence.
 */
static void program_key(const struct running *running, struct file_at at, uint8_t key[HASH_BYTES])
{
	const struct survey *survey = running->survey;
	const struct package *package = &running->model.packages[at.package].read.package;
	const struct package_file *file = model_file(&running->model, at);
	bool packed = survey->root == NULL;
	const char *const texts[] = {
		packed ? "packed" : survey->root,
		packed ? package->name : "",
		packed ? package->version : "",
		packed && package->arch != NULL ? package->arch : "",
		file->by_place ? file->path : names_of_path(file->path),
	};
	const uint8_t head[] = { SURVEY_VERSION, survey->plugins };
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, sizeof(head), head);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		hash_text(&sha, texts[i]);
	sha256_update(&sha, HASH_BYTES, file->hash);
	sha256_digest(&sha, HASH_BYTES, key);
}

/* A kept result stands as long as its questions have the same answers. */
static bool still_true(struct running *running, uint32_t package, struct slice bytes)
{
	struct arena scratch = { 0 };
	struct program_result result;
	bool good = result_decode(bytes, &scratch, &result) &&
		    (running->outcome.inputs_read == 0 || result.failure == NULL);
	for (size_t i = 0; good && i < result.question_count; i++)
		good = lookup_answer(&running->lookup, package, &result.questions[i]) ==
		       result.questions[i].answer;
	arena_finish(&scratch);
	return good;
}

bool analysing_result(struct running *running, struct file_at program, struct arena *arena,
		      struct program_result *out_result)
{
	uint8_t key[HASH_BYTES];
	struct slice bytes;
	program_key(running, program, key);
	return running_known(running, SURVEY_PROGRAM, key, arena, &bytes) &&
	       result_decode(bytes, arena, out_result);
}

/* ---- which programs, in which order ---- */

struct weighed {
	size_t program;
	const uint8_t *key;
	uint64_t bytes;       /* of the program */
	uint64_t group_bytes; /* of its package's libraries, and of the programs beside it */
};

static int compare_keys(const void *left, const void *right)
{
	const struct weighed *a = left;
	const struct weighed *b = right;
	int order = memcmp(a->key, b->key, HASH_BYTES);
	return order != 0 ? order : (a->program > b->program) - (a->program < b->program);
}

static int compare_programs(const void *left, const void *right)
{
	const struct weighed *a = left;
	const struct weighed *b = right;
	return (a->program > b->program) - (a->program < b->program);
}

/* Large groups first, so that workers end together; programs of a group one after the other. */
static int compare_weights(const void *left, const void *right)
{
	const struct weighed *a = left;
	const struct weighed *b = right;
	if (a->group_bytes != b->group_bytes)
		return a->group_bytes > b->group_bytes ? -1 : 1;
	return compare_programs(left, right);
}

static void sort(struct weighed *items, size_t count, int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, sizeof(*items), compare);
}

/* Of programs that have one result in common the first; in their order. */
static size_t leave_one_each(struct weighed *items, size_t count)
{
	size_t kept = 0;
	sort(items, count, compare_keys);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || memcmp(items[kept - 1].key, items[i].key, HASH_BYTES) != 0)
			items[kept++] = items[i];
	sort(items, kept, compare_programs);
	return kept;
}

/* What a package's programs may load, in bytes. */
static uint64_t closure_bytes(const struct model *model, uint32_t package)
{
	struct arena scratch = { 0 };
	uint64_t bytes = 0;
	size_t count;
	const uint32_t *closure = model_closure(model, &scratch, package, &count);
	for (size_t i = 0; i < count; i++) {
		const struct read_package *read = &model->packages[closure[i]].read;
		for (size_t k = 0; k < read->file_count; k++)
			if (read->files[k].kind == FILE_LIBRARY)
				bytes += read->files[k].size_bytes;
	}
	arena_finish(&scratch);
	return bytes;
}

enum { LOT_MAX_PROGRAMS = 64, LOTS_PER_WORKER = 4 };

/* How many of a package's programs are one worker's lot: they share most libraries. */
static size_t lot_size(size_t program_count, size_t worker_count)
{
	size_t size = program_count / (LOTS_PER_WORKER * (worker_count == 0 ? 1 : worker_count));
	return size == 0 ? 1 : size > LOT_MAX_PROGRAMS ? LOT_MAX_PROGRAMS : size;
}

static void weigh(const struct running *running, struct weighed *items, size_t count, size_t lot)
{
	size_t end;
	for (size_t i = 0; i < count; i = end) {
		uint32_t package = running->programs[items[i].program].package;
		uint64_t sum = closure_bytes(&running->model, package);
		for (end = i; end < count && end - i < lot &&
			      running->programs[items[end].program].package == package;
		     end++)
			sum += items[end].bytes;
		for (size_t k = i; k < end; k++)
			items[k].group_bytes = sum;
	}
	sort(items, count, compare_weights);
}

/* Sets the crew's tasks. */
static void order_tasks(struct running *running, struct weighed *items, size_t count, size_t lot,
			struct crew *crew)
{
	size_t *lots = arena_alloc(&running->arena, count + 1, sizeof(*lots));
	weigh(running, items, count, lot);
	running->tasks = arena_alloc(&running->arena, count, sizeof(*running->tasks));
	running->task_count = count;
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && items[i].group_bytes == items[i - 1].group_bytes &&
			    i - lots[crew->lot_count - 1] < lot;
		if (!same)
			lots[crew->lot_count++] = i;
		running->tasks[i] = items[i].program;
	}
	lots[crew->lot_count] = count;
	crew->lots = lots;
}

/* Those whose result is not in the store, or no longer true. */
static size_t choose_programs(struct running *running, struct weighed *items)
{
	size_t count = 0;
	for (size_t i = 0; i < running->program_count; i++) {
		struct arena scratch = { 0 };
		struct slice kept;
		struct file_at at = running->programs[i];
		program_key(running, at, running->keys[i]);
		if (!running_known(running, SURVEY_PROGRAM, running->keys[i], &scratch, &kept) ||
		    !still_true(running, at.package, kept))
			items[count++] =
			    (struct weighed){ .program = i,
					      .key = running->keys[i],
					      .bytes =
						  model_file(&running->model, at)->size_bytes };
		arena_finish(&scratch);
	}
	return leave_one_each(items, count);
}

/* ---- analysing them ---- */

static void run_analyse(void *context, size_t task, struct buffer *out)
{
	struct running *running = context;
	if (running->analyser == NULL)
		running->analyser = analyser_create(&running->setup);
	analyser_program(running->analyser, running->programs[running->tasks[task]], out);
}

static void done_analyse(void *context, size_t task, struct slice result, const char *failure)
{
	struct running *running = context;
	size_t i = running->tasks[task];
	struct arena scratch = { 0 };
	struct program_result decoded = { 0 };
	struct buffer lost = { 0 };
	if (failure == NULL && !result_decode(result, &scratch, &decoded))
		failure = "the worker's result is damaged";
	if (failure != NULL) {
		decoded = (struct program_result){ .failure = failure };
		result_encode(&decoded, &lost);
		result = buffer_slice(&lost);
	}
	running->progress.failures += decoded.failure != NULL;
	running->progress.done++;
	running->outcome.programs_analysed++;
	running_keep(running, SURVEY_PROGRAM, running->keys[i], result);
	buffer_finish(&lost);
	arena_finish(&scratch);
}

/*
 * ELF files of packages that were not read now are not in the pool; those that the programs to be
 * analysed may load are read again.
 */
static enum status fill_pool(struct running *running, struct arena *arena)
{
	struct arena scratch = { 0 };
	struct bitset wanted = bitset_create(&scratch, running->survey->input_count);
	uint32_t last = UINT32_MAX;
	for (size_t i = 0; i < running->task_count; i++) {
		uint32_t package = running->programs[running->tasks[i]].package;
		size_t count;
		if (package == last)
			continue;
		last = package;
		const uint32_t *closure = model_closure(&running->model, &scratch, package, &count);
		for (size_t k = 0; k < count; k++)
			bitset_add(wanted, running->model.packages[closure[k]].input);
	}
	size_t before = running->outcome.inputs_read;
	enum status status = reading_fill_pool(running, wanted);
	if (status == STATUS_OK && running->outcome.inputs_read > before)
		reading_model(running, arena); /* the same in the same order, now in the pool */
	arena_finish(&scratch);
	return status;
}

enum status analysing_run(struct running *running, struct arena *arena)
{
	const struct survey *survey = running->survey;
	const char *const readable[] = { survey->root == NULL      ? "/nonexistent"
					 : survey->root[0] == '\0' ? "/"
								   : survey->root };
	struct crew crew = { .task_seconds = SURVEY_ANALYSIS_SECONDS,
			     .memory_bytes = SURVEY_ANALYSE_MEMORY_BYTES,
			     .retire_bytes = SURVEY_RETIRE_BYTES,
			     .readable = readable,
			     .readable_count = 1,
			     .run = run_analyse,
			     .done = done_analyse };
	running->setup = (struct analyse_setup){ .root = survey->root,
						 .model = &running->model,
						 .pool = &running->pool,
						 .plugins = survey->plugins };
	lookup_init(&running->lookup, survey->root, &running->model, &running->pool);
	running->programs = compose_programs(&running->model, &running->arena, survey->root,
					     &running->program_count);
	running->outcome.programs += running->program_count;
	running->keys = arena_alloc(&running->arena, running->program_count, HASH_BYTES);
	struct weighed *items =
	    arena_alloc(&running->arena, running->program_count, sizeof(*items));
	size_t count = choose_programs(running, items);
	lookup_finish(&running->lookup);
	order_tasks(running, items, count, lot_size(count, survey->worker_count), &crew);
	enum status status = survey->root == NULL ? fill_pool(running, arena) : STATUS_OK;
	running->progress.total_bytes = 0;
	return status == STATUS_OK ? running_work(running, "analysing programs", &crew) : status;
}
