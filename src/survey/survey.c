#include "survey/survey.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "survey/compose.h"
#include "survey/hash.h"
#include "survey/running.h"

enum { COMMIT_SECONDS = 2 };

/* ---- results into the store ---- */

static double now(void)
{
	return (double)clock_now_ns() / (double)CLOCK_NS_PER_SECOND;
}

void running_keep(struct running *running, enum survey_table table, const uint8_t *key,
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

bool running_known(struct running *running, enum survey_table table, const uint8_t *key,
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

enum status running_work(struct running *running, const char *stage, struct crew *crew)
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

static bool find_result(void *context, struct file_at program, struct arena *arena,
			struct program_result *out_result)
{
	return analysing_result(context, program, arena, out_result);
}

/* ---- packages ---- */

static void hash_use(struct sha256_ctx *sha, const struct package_use *use)
{
	const uint64_t numbers[] = { use->api.kind, use->api.arch, use->api.number, use->api.value,
				     use->certainty };
	sha256_update(sha, sizeof(numbers), (const uint8_t *)numbers);
	hash_text(sha, use->api.name);
	hash_text(sha, use->program);
	hash_text(sha, use->chain);
}

/* All that the store keeps of a package. */
static void hash_facts(struct sha256_ctx *sha, const struct package_facts *facts)
{
	const struct package *package = &facts->package;
	const char *const texts[] = { package->name,       package->version, package->arch,
				      package->section,    package->depends, package->provides,
				      package->maintainer, facts->problem };
	const uint64_t numbers[] = {
		facts->state,        facts->program_count,    facts->library_count,
		facts->script_count, facts->unresolved_count, facts->use_count
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		hash_text(sha, texts[i]);
	sha256_update(sha, sizeof(numbers), (const uint8_t *)numbers);
	for (size_t i = 0; i < facts->use_count; i++)
		hash_use(sha, &facts->uses[i]);
}

/*
 * writer   NULL: they are only hashed
 * tell     whether who asked for the survey is told of them
 */
static enum status compose_all(struct running *running, struct package_writer *writer, bool tell,
			       uint8_t digest[HASH_BYTES])
{
	const struct survey *survey = running->survey;
	const struct composing composing = { &running->model, survey->root, find_result, running };
	enum status status = STATUS_OK;
	struct sha256_ctx sha;
	sha256_init(&sha);
	const uint8_t replace = survey->replace;
	sha256_update(&sha, sizeof(replace), &replace);
	hash_text(&sha, survey->source.title);
	hash_text(&sha, survey->source.version);
	hash_text(&sha, survey->source.licence);
	hash_text(&sha, survey->source.url);
	running->outcome.packages = 0;
	memset(running->outcome.by_state, 0, sizeof(running->outcome.by_state));
	for (uint32_t i = 0; i < running->model.count && status == STATUS_OK; i++) {
		struct arena scratch = { 0 };
		struct package_facts facts;
		if (running->model.packages[i].surveyed) {
			compose_package(&composing, i, &scratch, &facts);
			running->outcome.packages++;
			running->outcome.by_state[facts.state]++;
			hash_facts(&sha, &facts);
			if (writer != NULL)
				status = store_packages_put(writer, &facts, running->err);
			if (tell && survey->package != NULL)
				survey->package(survey->context, &facts);
		}
		arena_finish(&scratch);
	}
	sha256_digest(&sha, HASH_BYTES, digest);
	return status;
}

/* Most of a survey that finds nothing new would be to write what is there. */
static enum status put_packages(struct running *running)
{
	const struct survey *survey = running->survey;
	struct package_writer *writer;
	uint8_t bytes[HASH_BYTES];
	const struct slice digest = { bytes, sizeof(bytes) };
	bool old = running->outcome.inputs_read == 0 && running->outcome.programs_analysed == 0;
	if (old) {
		(void)compose_all(running, NULL, true, bytes);
		if (store_packages_are(running->store, &survey->source, digest))
			return STATUS_OK;
	}
	enum status status = store_packages_begin(running->store, &survey->source, survey->replace,
						  &writer, running->err);
	if (status != STATUS_OK)
		return status;
	status = compose_all(running, writer, !old, bytes);
	if (status == STATUS_OK)
		status = store_packages_digest(writer, digest, running->err);
	return store_packages_end(writer, status, running->err);
}

/* ---- all of it ---- */

static uint64_t pool_limit(const struct survey *survey)
{
	/* half of the memory */
	return survey->memory_bytes != 0
		   ? survey->memory_bytes
		   : (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
}

/* Packages are parted when their ELF files would not fit into the pool, by what they usually are. */
enum { UNPACKED_OVER_PACKED = 5 };

static size_t count_parts(const struct survey *survey)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < survey->input_count; i++)
		bytes += survey->inputs[i].size_bytes * UNPACKED_OVER_PACKED;
	size_t shard_count = survey->shard_count > 0 ? survey->shard_count : 1;
	return survey->root != NULL ? 1 : bytes / shard_count / pool_limit(survey) + 1;
}

/* Packages of a part are read, then their programs analysed; then their ELF files are forgotten. */
static enum status run_part(struct running *running, size_t part, size_t part_count)
{
	struct arena scratch = { 0 };
	struct bitset wanted = bitset_create(&scratch, running->survey->input_count);
	reading_choose(running, part, part_count, wanted);
	enum status status = reading_run(running, wanted);
	if (status == STATUS_OK) {
		reading_model(running, &scratch);
		status = analysing_run(running, &scratch);
	}
	for (size_t i = 0; part_count > 1 && i < running->survey->input_count; i++)
		running->gathered[i].fresh = false;
	if (part_count > 1 && status == STATUS_OK)
		status = pool_clear(&running->pool, running->err);
	arena_finish(&scratch);
	return status;
}

static enum status run(struct running *running)
{
	const struct survey *survey = running->survey;
	enum status status = STATUS_OK;
	if (survey->input_count > SURVEY_MAX_INPUTS)
		return error_set(running->err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d inputs",
				 SURVEY_MAX_INPUTS);
	running->pool.descriptor = -1;
	if (survey->root == NULL)
		status = pool_open(pool_limit(survey), &running->pool, running->err);
	running->gathered =
	    arena_alloc(&running->arena, survey->input_count, sizeof(*running->gathered));
	size_t part_count = count_parts(survey);
	reading_peek(running, part_count > 1);
	for (size_t part = 0; part < part_count && status == STATUS_OK; part++)
		status = run_part(running, part, part_count);
	running->outcome.programs_failed = running->progress.failures;
	/* ended early: what is known so far, the rest as not analysed */
	if (status != STATUS_OK && !(status == STATUS_BUSY && running->programs != NULL))
		return status;
	for (size_t i = 0; i < survey->input_count; i++)
		running->gathered[i].surveyed = running->gathered[i].shard;
	reading_model(running, &running->arena);
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
