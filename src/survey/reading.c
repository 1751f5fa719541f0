#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/names.h"
#include "package/deb.h"
#include "survey/collect.h"
#include "survey/running.h"

static void run_collect(void *context, size_t task, struct buffer *out)
{
	struct running *running = context;
	collect(&running->survey->inputs[running->tasks[task]], running->survey->maintainer_scripts,
		&running->pool, &running->content, out);
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
		running_keep(running, SURVEY_INPUT, input->hash, gathered->record);
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
	return running_work(running, stage, &crew);
}

enum status reading_run(struct running *running, struct bitset wanted)
{
	const struct survey *survey = running->survey;
	running->tasks = arena_alloc(&running->arena, survey->input_count, sizeof(size_t));
	running->task_count = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		struct gathered *gathered = &running->gathered[i];
		if (!bitset_has(wanted, i) || gathered->record.size_bytes > 0)
			continue;
		input_fingerprint(&survey->inputs[i], survey->maintainer_scripts);
		if (!running_known(running, SURVEY_INPUT, survey->inputs[i].hash, &running->arena,
				   &gathered->record))
			running->tasks[running->task_count++] = i;
	}
	return collect_tasks(running, "reading packages");
}

enum status reading_fill_pool(struct running *running, struct bitset wanted)
{
	const struct survey *survey = running->survey;
	size_t *before = running->tasks;
	size_t before_count = running->task_count;
	running->tasks = arena_alloc(&running->arena, survey->input_count, sizeof(size_t));
	running->task_count = 0;
	for (size_t i = 0; i < survey->input_count; i++)
		if (bitset_has(wanted, i) && !running->gathered[i].fresh)
			running->tasks[running->task_count++] = i;
	enum status status = collect_tasks(running, "reading packages again");
	running->tasks = before;
	running->task_count = before_count;
	return status;
}

/* ---- which inputs, and the model ---- */

static uint64_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a: the same on every machine */
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return hash ^ hash >> 32;
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

void reading_peek(struct running *running, bool parted)
{
	const struct survey *survey = running->survey;
	struct arena *arena = &running->arena;
	struct model_package *packages = arena_alloc(arena, survey->input_count, sizeof(*packages));
	size_t count = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		struct gathered *gathered = &running->gathered[i];
		bool named = (parted || survey->shard_count > 1) &&
			     peek(&survey->inputs[i], arena, &packages[count].read.package);
		/* those without a name are chosen by path */
		gathered->name_hash = hash_name(named ? packages[count].read.package.name
						      : names_of_path(survey->inputs[i].path));
		gathered->shard = survey->shard_count <= 1 ||
				  gathered->name_hash % survey->shard_count == survey->shard;
		if (named)
			packages[count++].input = (uint32_t)i;
	}
	model_make(arena, packages, count, &running->named);
}

void reading_choose(struct running *running, size_t part, size_t part_count, struct bitset wanted)
{
	const struct survey *survey = running->survey;
	const struct model *named = &running->named;
	size_t shard_count = survey->shard_count > 0 ? survey->shard_count : 1;
	for (size_t i = 0; i < survey->input_count; i++) {
		struct gathered *gathered = &running->gathered[i];
		gathered->surveyed =
		    gathered->shard && gathered->name_hash / shard_count % part_count == part;
		if (gathered->surveyed)
			bitset_add(wanted, i);
	}
	for (uint32_t i = 0; i < named->count; i++) {
		struct arena scratch = { 0 };
		size_t count = 0;
		const uint32_t *closure = NULL;
		if (running->gathered[named->packages[i].input].surveyed)
			closure = model_closure(named, &scratch, i, &count);
		for (size_t k = 0; k < count; k++)
			bitset_add(wanted, named->packages[closure[k]].input);
		arena_finish(&scratch);
	}
}

void reading_model(struct running *running, struct arena *arena)
{
	const struct survey *survey = running->survey;
	struct model_package *packages = NULL;
	size_t count = 0;
	size_t capacity = 0;
	for (size_t i = 0; i < survey->input_count; i++) {
		const struct read_package *read;
		size_t read_count;
		struct slice record = running->gathered[i].record;
		if (record.size_bytes == 0 || !record_decode(record, arena, &read, &read_count))
			continue;
		for (size_t k = 0; k < read_count; k++) {
			if (count == capacity)
				packages = arena_grow(arena, packages, count, sizeof(*packages),
						      &capacity);
			packages[count++] = (struct model_package){
				.read = read[k],
				.input = (uint32_t)i,
				.surveyed = running->gathered[i].surveyed,
			};
		}
	}
	model_make(arena, packages, count, &running->model);
}
