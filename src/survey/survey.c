#include "survey/survey.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bitset.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/names.h"
#include "package/deb.h"
#include "survey/analyse.h"
#include "survey/compose.h"
#include "survey/crew.h"

enum { COMMIT_SECONDS = 2, KEY_BYTES = HASH_BYTES };

/* Packages by the inputs they are from: a record is kept as it was written. */
struct gathered {
	struct slice record; /* empty: not there, or not read for this shard */
	bool fresh;          /* its ELF files are in the pool */
	bool surveyed;       /* of this shard; false: others depend on it */
};

struct running {
	const struct survey *survey;
	struct store *store;
	struct arena arena;
	struct error *err;
	enum status status; /* of the store, while a crew works */
	double committed;
	struct pool pool;
	struct gathered *gathered; /* one per input */
	struct model model;
	struct file_at *programs;
	uint8_t (*keys)[KEY_BYTES]; /* one per program */
	size_t program_count;
	size_t *tasks; /* inputs or programs, of the present crew */
	size_t task_count;
	struct survey_progress progress;
	double began;
	struct analyse_setup setup;
	struct analyser *analyser; /* in a worker */
	struct survey_outcome outcome;
};

static double now(void)
{
	return (double)clock_now_ns() / (double)CLOCK_NS_PER_SECOND;
}

/* ---- results into the store ---- */

static void keep(struct running *running, enum survey_table table, const uint8_t *key,
		 struct slice value)
{
	if (running->status != STATUS_OK)
		return;
	running->status = store_survey_put(running->store, table, (struct slice){ key, HASH_BYTES },
					   value, running->err);
	if (running->status != STATUS_OK || now() - running->committed < COMMIT_SECONDS)
		return;
	running->status = store_survey_end(running->store, STATUS_OK, running->err);
	if (running->status == STATUS_OK)
		running->status = store_survey_begin(running->store, running->err);
	running->committed = now();
}

static bool known(struct running *running, enum survey_table table, const uint8_t *key,
		  struct arena *arena, struct slice *out_value)
{
	struct error ignored;
	return store_survey_get(running->store, table, (struct slice){ key, HASH_BYTES }, arena,
				out_value, &ignored) == STATUS_OK;
}

static bool tick(void *context)
{
	struct running *running = context;
	running->progress.seconds = now() - running->began;
	return running->status == STATUS_OK &&
	       (running->survey->tick == NULL ||
		running->survey->tick(running->survey->context, &running->progress));
}

/* Runs a crew over the tasks, its results going into the store as they come. */
static enum status work(struct running *running, const char *stage, struct crew *crew)
{
	crew->worker_count = running->survey->worker_count;
	crew->task_count = running->task_count;
	crew->context = running;
	crew->tick = tick;
	running->progress.stage = stage;
	running->progress.done = 0;
	running->progress.done_bytes = 0;
	running->progress.total = running->task_count;
	running->began = running->committed = now();
	if (running->task_count == 0)
		return STATUS_OK;
	running->status = store_survey_begin(running->store, running->err);
	if (running->status != STATUS_OK)
		return running->status;
	struct error err;
	enum status status = crew_run(crew, &err);
	if (running->status != STATUS_OK) /* which is why the crew ended */
		return store_survey_end(running->store, running->status, running->err);
	running->status = store_survey_end(running->store, STATUS_OK, running->err);
	if (running->status == STATUS_OK && status != STATUS_OK) {
		*running->err = err;
		return status;
	}
	return running->status;
}

/* ---- reading inputs ---- */

static void run_collect(void *context, size_t task, struct buffer *out)
{
	struct running *running = context;
	collect(&running->survey->inputs[running->tasks[task]], running->survey->maintainer_scripts,
		&running->pool, out);
}

static struct slice describe_loss(struct running *running, const struct input *input,
				  const char *failure)
{
	const struct package unnamed = { .name = names_of_path(input->path), .version = "" };
	struct buffer record = { 0 };
	record_put_package(&record,
			   input->kind == INPUT_INSTALLED ? &input->installed->package : &unnamed);
	record_put_problem(&record, failure);
	struct slice bytes = buffer_slice(&record);
	bytes.bytes = arena_copy(&running->arena, bytes.bytes, bytes.size_bytes, 1);
	buffer_finish(&record);
	return bytes;
}

static void done_collect(void *context, size_t task, struct slice result, const char *failure)
{
	struct running *running = context;
	size_t i = running->tasks[task];
	const struct input *input = &running->survey->inputs[i];
	struct arena scratch = { 0 };
	const struct read_package *packages;
	size_t count;
	if (failure == NULL && !record_decode(result, &scratch, &packages, &count))
		failure = "the worker's result is damaged";
	arena_finish(&scratch);
	struct gathered *gathered = &running->gathered[i];
	gathered->record =
	    failure != NULL
		? describe_loss(running, input, failure)
		: (struct slice){ arena_copy(&running->arena, result.bytes, result.size_bytes, 1),
				  result.size_bytes };
	gathered->fresh = true;
	running->progress.failures += failure != NULL;
	running->progress.done++;
	running->progress.done_bytes += input->size_bytes;
	running->outcome.inputs_read++;
	/* what was lost may go better the next time */
	if (failure == NULL)
		keep(running, SURVEY_INPUT, input->hash, gathered->record);
}

static struct running *sorting; /* qsort has no context */

/* Large ones first, so that workers end together. */
static int compare_sizes(const void *left, const void *right)
{
	size_t i = *(const size_t *)left;
	size_t k = *(const size_t *)right;
	uint64_t a = sorting->survey->inputs[i].size_bytes;
	uint64_t b = sorting->survey->inputs[k].size_bytes;
	if (a != b)
		return a > b ? -1 : 1;
	return i < k ? -1 : 1;
}

static enum status collect_tasks(struct running *running, const char *stage)
{
	const char *root = running->survey->root;
	const char **readable =
	    arena_alloc(&running->arena, running->task_count + 1, sizeof(*readable));
	size_t readable_count = 0;
	running->progress.total_bytes = 0;
	if (root != NULL)
		readable[readable_count++] = root[0] == '\0' ? "/" : root;
	for (size_t i = 0; i < running->task_count; i++) {
		const struct input *input = &running->survey->inputs[running->tasks[i]];
		running->progress.total_bytes += input->size_bytes;
		if (root == NULL)
			readable[readable_count++] = input->path;
	}
	sorting = running;
	if (running->task_count > 1)
		qsort(running->tasks, running->task_count, sizeof(*running->tasks), compare_sizes);
	struct crew crew = { .task_seconds = SURVEY_TASK_SECONDS,
			     .memory_bytes = SURVEY_READ_MEMORY_BYTES,
			     .retire_bytes = SURVEY_RETIRE_BYTES,
			     .readable = readable,
			     .readable_count = readable_count,
			     .run = run_collect,
			     .done = done_collect };
	return work(running, stage, &crew);
}

/* wanted: inputs that this shard needs; bits */
static enum status collect_all(struct running *running, struct bitset wanted)
{
	const struct survey *survey = running->survey;
	running->tasks = arena_alloc(&running->arena, survey->input_count, sizeof(size_t));
	running->task_count = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		if (!bitset_has(wanted, i))
			continue;
		input_fingerprint(&survey->inputs[i], survey->maintainer_scripts);
		if (!known(running, SURVEY_INPUT, survey->inputs[i].hash, &running->arena,
			   &running->gathered[i].record))
			running->tasks[running->task_count++] = i;
	}
	return collect_tasks(running, "reading packages");
}

/* ---- the model ---- */

static bool in_shard(const struct survey *survey, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a: the same on every machine */
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return survey->shard_count <= 1 ||
	       (hash ^ hash >> 32) % survey->shard_count == survey->shard;
}

/* A package before it is read: its name and what it depends on decide which shard reads it. */
static bool peek(const struct input *input, struct arena *arena, struct package *out_package)
{
	struct file_map map;
	struct deb deb;
	struct error err;
	if (input->kind == INPUT_INSTALLED)
		*out_package = input->installed->package;
	if (input->kind != INPUT_DEB)
		return input->kind == INPUT_INSTALLED;
	if (file_map_open(input->path, ENTRY_MAX_TOTAL_BYTES, &map, &err) != STATUS_OK)
		return false;
	bool found = deb_open(map.content, &deb, &err) == STATUS_OK &&
		     deb_read_control(&deb, arena, NULL, out_package, &err) == STATUS_OK;
	file_map_close(&map);
	return found;
}

/* The inputs of the shard's packages and of all they depend on; those without a name by path. */
static void choose_inputs(struct running *running, struct bitset wanted)
{
	const struct survey *survey = running->survey;
	struct arena scratch = { 0 };
	struct model model;
	struct model_package *packages =
	    arena_alloc(&scratch, survey->input_count, sizeof(*packages));
	size_t count = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		struct model_package *package = &packages[count];
		bool named = survey->shard_count > 1 &&
			     peek(&survey->inputs[i], &scratch, &package->read.package);
		running->gathered[i].surveyed =
		    in_shard(survey, named ? package->read.package.name
					   : names_of_path(survey->inputs[i].path));
		if (!named && running->gathered[i].surveyed)
			bitset_add(wanted, i);
		if (!named)
			continue;
		package->input = (uint32_t)i;
		count++;
	}
	model_make(&scratch, packages, count, &model);
	for (uint32_t i = 0; i < count; i++) {
		size_t closure_count;
		if (!running->gathered[packages[i].input].surveyed)
			continue;
		const uint32_t *closure = model_closure(&model, &scratch, i, &closure_count);
		for (size_t k = 0; k < closure_count; k++)
			bitset_add(wanted, packages[closure[k]].input);
	}
	arena_finish(&scratch);
}

static void build_model(struct running *running)
{
	const struct survey *survey = running->survey;
	struct model_package *packages = NULL;
	size_t count = 0;
	size_t capacity = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		const struct read_package *read;
		size_t read_count;
		struct slice record = running->gathered[i].record;
		if (record.size_bytes == 0 ||
		    !record_decode(record, &running->arena, &read, &read_count))
			continue;
		for (size_t k = 0; k < read_count; k++) {
			if (count == capacity)
				packages = arena_grow(&running->arena, packages, count,
						      sizeof(*packages), &capacity);
			packages[count++] = (struct model_package){
				.read = read[k],
				.input = (uint32_t)i,
				.surveyed = running->gathered[i].surveyed,
			};
		}
	}
	model_make(&running->arena, packages, count, &running->model);
}

/* ---- analysing programs ---- */

static void program_key(const struct running *running, struct file_at at, uint8_t key[KEY_BYTES])
{
	const struct survey *survey = running->survey;
	const struct package *package = &running->model.packages[at.package].read.package;
	const struct package_file *file = model_file(&running->model, at);
	const char *const texts[] = { survey->root == NULL ? "packed" : survey->root, package->name,
				      package->version, package->arch == NULL ? "" : package->arch,
				      file->path };
	const uint8_t head[] = { SURVEY_VERSION, survey->plugins };
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, sizeof(head), head);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sha256_update(&sha, strlen(texts[i]) + 1, (const uint8_t *)texts[i]);
	sha256_update(&sha, HASH_BYTES, file->hash);
	sha256_digest(&sha, KEY_BYTES, key);
}

/* A kept result stands as long as all that was loaded is the same, and nothing was missing. */
static bool still_true(struct running *running, uint32_t package, struct slice bytes)
{
	struct arena scratch = { 0 };
	struct program_result result;
	size_t count = 0;
	const uint32_t *closure = running->survey->root != NULL
				      ? NULL
				      : model_closure(&running->model, &scratch, package, &count);
	bool good = result_decode(bytes, &scratch, &result) &&
		    (running->outcome.inputs_read == 0 ||
		     (result.missing_count == 0 && result.failure == NULL));
	for (size_t i = 0; good && i < result.loaded_count; i++)
		good = analyse_identity(&running->setup, result.loaded[i].path, closure, count) ==
		       result.loaded[i].identity;
	arena_finish(&scratch);
	return good;
}

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
	keep(running, SURVEY_PROGRAM, running->keys[i], result);
	buffer_finish(&lost);
	arena_finish(&scratch);
}

/*
 * ELF files of packages that were not read now are not in the pool; those that the programs to be
 * analysed may load are read again.
 */
static enum status fill_pool(struct running *running)
{
	const struct survey *survey = running->survey;
	struct arena scratch = { 0 };
	struct bitset wanted = bitset_create(&scratch, survey->input_count);
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
	size_t *programs = running->tasks;
	size_t program_count = running->task_count;
	running->tasks = arena_alloc(&running->arena, survey->input_count, sizeof(size_t));
	running->task_count = 0;
	for (size_t i = 0; i < survey->input_count; i++)
		if (bitset_has(wanted, i) && !running->gathered[i].fresh)
			running->tasks[running->task_count++] = i;
	bool again = running->task_count > 0;
	enum status status = collect_tasks(running, "reading packages again");
	if (again && status == STATUS_OK)
		build_model(running); /* the same packages in the same order, now in the pool */
	running->tasks = programs;
	running->task_count = program_count;
	arena_finish(&scratch);
	return status;
}

/* What a package's programs may load, in bytes: how long they take goes with it. */
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

struct weighed_task {
	size_t program;
	uint64_t bytes;
};

static int compare_weighed(const void *left, const void *right)
{
	const struct weighed_task *a = left;
	const struct weighed_task *b = right;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return a->program < b->program ? -1 : 1;
}

/* Cheap ones first, so that a run that is ended early knows most packages. */
static void sort_programs(struct running *running)
{
	struct arena scratch = { 0 };
	struct weighed_task *weighed = arena_alloc(&scratch, running->task_count, sizeof(*weighed));
	for (size_t i = 0; i < running->task_count; i++) {
		uint32_t package = running->programs[running->tasks[i]].package;
		bool same = i > 0 && running->programs[running->tasks[i - 1]].package == package;
		weighed[i] =
		    (struct weighed_task){ running->tasks[i],
					   same ? weighed[i - 1].bytes
						: closure_bytes(&running->model, package) };
	}
	if (running->task_count > 1)
		qsort(weighed, running->task_count, sizeof(*weighed), compare_weighed);
	for (size_t i = 0; i < running->task_count; i++)
		running->tasks[i] = weighed[i].program;
	arena_finish(&scratch);
}

static enum status analyse_all(struct running *running)
{
	const struct survey *survey = running->survey;
	running->setup = (struct analyse_setup){ .root = survey->root,
						 .model = &running->model,
						 .pool = &running->pool,
						 .plugins = survey->plugins };
	running->programs = compose_programs(&running->model, &running->arena, survey->root,
					     &running->program_count);
	running->keys = arena_alloc(&running->arena, running->program_count, KEY_BYTES);
	running->tasks = arena_alloc(&running->arena, running->program_count, sizeof(size_t));
	running->task_count = 0;
	for (size_t i = 0; i < running->program_count; i++) {
		struct arena scratch = { 0 };
		struct slice kept;
		program_key(running, running->programs[i], running->keys[i]);
		if (!known(running, SURVEY_PROGRAM, running->keys[i], &scratch, &kept) ||
		    !still_true(running, running->programs[i].package, kept))
			running->tasks[running->task_count++] = i;
		arena_finish(&scratch);
	}
	enum status status = STATUS_OK;
	if (survey->root == NULL)
		status = fill_pool(running);
	sort_programs(running);
	running->progress.total_bytes = 0;
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
	return status == STATUS_OK ? work(running, "analysing programs", &crew) : status;
}

/* ---- all of it ---- */

static bool find_result(void *context, struct file_at program, struct arena *arena,
			struct program_result *out_result)
{
	struct running *running = context;
	uint8_t key[KEY_BYTES];
	struct slice bytes;
	program_key(running, program, key);
	return known(running, SURVEY_PROGRAM, key, arena, &bytes) &&
	       result_decode(bytes, arena, out_result);
}

static enum status put_packages(struct running *running)
{
	const struct survey *survey = running->survey;
	struct package_writer *writer;
	const struct composing composing = { &running->model, survey->root, find_result, running };
	enum status status = store_packages_begin(running->store, &survey->source, survey->replace,
						  &writer, running->err);
	if (status != STATUS_OK)
		return status;
	for (uint32_t i = 0; i < running->model.count && status == STATUS_OK; i++) {
		struct arena scratch = { 0 };
		struct package_facts facts;
		if (running->model.packages[i].surveyed) {
			compose_package(&composing, i, &scratch, &facts);
			running->outcome.packages++;
			running->outcome.by_state[facts.state]++;
			status = store_packages_put(writer, &facts, running->err);
			if (survey->package != NULL)
				survey->package(survey->context, &facts);
		}
		arena_finish(&scratch);
	}
	return store_packages_end(writer, status, running->err);
}

static uint64_t pool_limit(void)
{
	/* half of the memory; what is not kept costs its program a problem, not the system */
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
}

static enum status run(struct running *running)
{
	const struct survey *survey = running->survey;
	struct bitset wanted = bitset_create(&running->arena, survey->input_count);
	enum status status = STATUS_OK;
	if (survey->input_count > SURVEY_MAX_INPUTS)
		return error_set(running->err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d inputs",
				 SURVEY_MAX_INPUTS);
	running->pool.descriptor = -1;
	if (survey->root == NULL)
		status = pool_open(pool_limit(), &running->pool, running->err);
	running->gathered =
	    arena_alloc(&running->arena, survey->input_count, sizeof(*running->gathered));
	choose_inputs(running, wanted);
	if (status == STATUS_OK)
		status = collect_all(running, wanted);
	if (status == STATUS_OK) {
		build_model(running);
		status = analyse_all(running);
	}
	running->outcome.programs = running->program_count;
	running->outcome.programs_failed = running->progress.failures;
	if (status != STATUS_OK && !(status == STATUS_BUSY && running->programs != NULL))
		return status;
	/* ended early: what is known so far, the rest as not analysed */
	enum status put = put_packages(running);
	return put == STATUS_OK ? status : put;
}

enum status survey_run(const struct survey *survey, struct store *store,
		       struct survey_outcome *out_outcome, struct error *err)
{
	struct running running = { .survey = survey, .store = store, .err = err };
	enum status status = run(&running);
	pool_close(&running.pool);
	arena_finish(&running.arena);
	*out_outcome = running.outcome;
	return status;
}
