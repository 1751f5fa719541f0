#include "survey/analyse.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/names.h"
#include "base/trace.h"
#include "scan/module.h"
#include "scan/program.h"
#include "survey/lookup.h"

enum { CHAIN_SHOWN_STEPS = 8, CHAIN_MAX_BYTES = 1000 };

struct analyser {
	struct lookup lookup;
	bool plugins;
};

struct analyser *analyser_create(const struct analyse_setup *setup)
{
	struct analyser *analyser = calloc(1, sizeof(*analyser));
	/* what one program gave back, the next takes: the system need not clear it again */
	(void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 20);
	if (analyser == NULL)
		exit(EXIT_FAILURE);
	lookup_init(&analyser->lookup, setup->root, setup->model, setup->pool);
	analyser->plugins = setup->plugins;
	return analyser;
}

/* ---- results ---- */

static void put_step(struct buffer *chain, const struct step *step)
{
	if (step->function != NULL)
		buffer_printf(chain, "%s:%.100s", names_of_path(step->path), step->function);
	else
		buffer_printf(chain, "%s:0x%jx", names_of_path(step->path),
			      (uintmax_t)step->function_va);
}

/* "ls:main > libc.so.6:opendir > …": of a long chain its beginning and its end. */
static const char *describe_chain(const struct program *program, struct arena *arena,
				  const struct use *use)
{
	const struct step *steps;
	struct buffer chain = { 0 };
	size_t count = program_chain(program, arena, use, &steps, NULL);
	for (size_t i = 0; i < count && chain.size_bytes < CHAIN_MAX_BYTES; i++) {
		if (count > CHAIN_SHOWN_STEPS && i == CHAIN_SHOWN_STEPS / 2) {
			i = count - CHAIN_SHOWN_STEPS / 2;
			buffer_append_string(&chain, " > ...");
		}
		if (i > 0)
			buffer_append_string(&chain, " > ");
		put_step(&chain, &steps[i]);
	}
	const char *text = arena_string(arena, buffer_string(&chain));
	buffer_finish(&chain);
	return text;
}

struct uses {
	struct arena *arena;
	struct package_use *uses;
	size_t count, capacity;
};

static void add_use(struct uses *uses, struct api api, enum certainty certainty, const char *chain)
{
	if (uses->count == RESULT_MAX_USES)
		return;
	if (uses->count == uses->capacity)
		uses->uses = arena_grow(uses->arena, uses->uses, uses->count, sizeof(*uses->uses),
					&uses->capacity);
	uses->uses[uses->count++] =
	    (struct package_use){ .api = api, .certainty = certainty, .chain = chain };
}

static int compare_uses(const void *left, const void *right)
{
	const struct package_use *a = left;
	const struct package_use *b = right;
	int order = api_compare(&a->api, &b->api);
	return order != 0 ? order : (int)a->certainty - (int)b->certainty;
}

static void settle(struct uses *uses)
{
	size_t kept = 0;
	if (uses->count > 1)
		qsort(uses->uses, uses->count, sizeof(*uses->uses), compare_uses);
	for (size_t i = 0; i < uses->count; i++)
		if (kept == 0 || api_compare(&uses->uses[kept - 1].api, &uses->uses[i].api) != 0)
			uses->uses[kept++] = uses->uses[i];
	uses->count = kept;
}

static enum certainty certainty_of(enum tier tier)
{
	return tier == TIER_EXACT ? CERTAINTY_EXACT : CERTAINTY_PLUGIN;
}

/* The nearest site of each number and certainty: its chain is the evidence. */
static void add_syscalls(struct uses *uses, const struct program *program)
{
	for (size_t i = 0; i < program->use_count; i++) {
		const struct use *use = &program->uses[i];
		bool again = i > 0 && use[-1].number == use->number && use[-1].arch == use->arch &&
			     use[-1].tier <= use->tier;
		if (!again)
			add_use(uses, (struct api){ API_SYSCALL, use->arch, use->number, 0, "" },
				certainty_of(use->tier), describe_chain(program, uses->arena, use));
	}
}

static void add_others(struct uses *uses, const struct program *program, enum arch arch)
{
	for (size_t i = 0; i < program->operation_count; i++) {
		const struct operation_use *operation = &program->operations[i];
		if (operation->known)
			add_use(uses,
				(struct api){ API_OPERATION, operation->arch, operation->number,
					      operation->value, "" },
				certainty_of(operation->tier), NULL);
	}
	for (size_t i = 0; i < program->path_count; i++)
		add_use(uses, (struct api){ API_FILE, arch, 0, 0, program->paths[i] },
			CERTAINTY_EXACT, NULL);
	for (size_t i = 0; i < program->import_count; i++)
		add_use(uses, (struct api){ API_FUNCTION, arch, 0, 0, program->imports[i] },
			CERTAINTY_EXACT, NULL);
}

static void describe_program(const struct analyser *analyser, const struct program *program,
			     enum arch arch, struct arena *arena, struct program_result *result)
{
	struct uses uses = { .arena = arena };
	add_syscalls(&uses, program);
	add_others(&uses, program, arch);
	settle(&uses);
	result->uses = uses.uses;
	result->use_count = uses.count;
	result->unresolved_count = (uint32_t)program->unresolved_count;
	result->questions = analyser->lookup.questions;
	result->question_count = analyser->lookup.question_count;
	result->missing = program->missing;
	result->missing_count = program->missing_count;
}

static double cpu_seconds(void)
{
	struct timespec used;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Who takes how long: SYSGAP_TRACE=survey. */
static void trace_cost(const struct analyser *analyser, struct file_at at, double began)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	TRACE(survey, "%.3f s, %zu MB kept, peak %ld MB: %s", cpu_seconds() - began,
	      shelf_bytes(&analyser->lookup.shelf) >> 20, usage.ru_maxrss >> 10,
	      model_file(analyser->lookup.model, at)->path);
}

void analyser_program(struct analyser *analyser, struct file_at at, struct buffer *out)
{
	double began = cpu_seconds();
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct program_result result = { 0 };
	const struct program_files *files;
	struct module *module;
	struct program program;
	struct error err;
	if (lookup_program(&analyser->lookup, at, &arena, &module, &files, &err) == STATUS_OK) {
		struct program_extent extent = { analyser->plugins ? TIER_ENVIRONMENT : TIER_EXACT,
						 false };
		program_scan(module, files, &extent, &problems, &program);
		describe_program(analyser, &program, module->image.arch, &arena, &result);
	} else {
		result.failure = err.text;
	}
	result_encode(&result, out);
	arena_finish(&arena);
	trace_cost(analyser, at, began);
}
