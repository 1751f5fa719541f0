#include "folder.h"

#include <string.h>

#include "store/layer.h"
#include "store/trial.h"
#include "store/workload.h"

#define FIRST_SOURCE                                                                               \
	{                                                                                          \
		"Database", "1", "CC-BY-4.0", "https://example.org"                                \
	}
#define SECOND_SOURCE                                                                              \
	{                                                                                          \
		"Other", NULL, NULL, NULL                                                          \
	}

static const struct workload_use uses[] = { { 0, VERDICT_REQUIRED },
					    { 334, VERDICT_EITHER },
					    { UINT32_MAX, VERDICT_FLAKY } };

static const struct workload redis = { "redis",     "suite",      "00ff", WORKLOAD_SUITE,
				       ARCH_X86_64, FIRST_SOURCE, uses,   3 };
static const struct workload nginx = { "nginx",      "benchmark-wrk", NULL, WORKLOAD_BENCHMARK,
				       ARCH_AARCH64, SECOND_SOURCE,   uses, 1 };

static void assert_same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void assert_same_source(struct source a, struct source b)
{
	assert_same_text(a.title, b.title);
	assert_same_text(a.version, b.version);
	assert_same_text(a.licence, b.licence);
	assert_same_text(a.url, b.url);
}

static void assert_same_workload(const struct workload *a, const struct workload *b)
{
	assert_same_text(a->application, b->application);
	assert_same_text(a->name, b->name);
	assert_same_text(a->run, b->run);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->arch, b->arch);
	assert_same_source(a->source, b->source);
	assert_int_equal(a->use_count, b->use_count);
	assert_memory_equal(a->uses, b->uses, a->use_count * sizeof(*a->uses));
}

static struct store_change replace(struct folder *folder, const struct workload *workload)
{
	struct store *store = folder_open(folder, STORE_WRITE);
	struct store_change change;
	assert_int_equal(store_replace_workloads(store, &workload, 1, &change, &folder->err),
			 STATUS_OK);
	store_close(store);
	return change;
}

static const struct workload *const *load(struct folder *folder, size_t *out_count)
{
	struct store *store = folder_open(folder, STORE_READ);
	const struct workload *const *workloads;
	assert_int_equal(
	    store_load_workloads(store, &folder->arena, &workloads, out_count, &folder->err),
	    STATUS_OK);
	store_close(store);
	return workloads;
}

static void gives_workloads_back_as_they_were(void **state)
{
	struct folder *folder = *state;
	replace(folder, &redis);
	replace(folder, &nginx);
	size_t count;
	const struct workload *const *loaded = load(folder, &count);
	assert_int_equal(count, 2);
	assert_same_workload(loaded[0], &redis);
	assert_same_workload(loaded[1], &nginx);
}

static void replaces_every_version_of_a_source(void **state)
{
	struct folder *folder = *state;
	struct workload newer = redis;
	newer.source.version = "2";
	newer.use_count = 1;
	replace(folder, &redis);
	replace(folder, &nginx);
	struct store_change change = replace(folder, &newer);
	assert_int_equal(change.removed, 1);
	assert_int_equal(change.added, 1);
	size_t count;
	const struct workload *const *loaded = load(folder, &count);
	assert_int_equal(count, 2);
	assert_same_workload(loaded[0], &nginx);
	assert_same_workload(loaded[1], &newer);
}

static void puts_a_workload_beside_others_of_its_source(void **state)
{
	struct folder *folder = *state;
	struct workload other = redis;
	other.name = "suite-b";
	struct workload newer = redis;
	newer.run = NULL;
	replace(folder, &redis);
	const struct workload *const two[] = { &other, &newer };
	struct store *store = folder_open(folder, STORE_WRITE);
	struct store_change change;
	assert_int_equal(store_put_workloads(store, two, 2, &change, &folder->err), STATUS_OK);
	store_close(store);
	assert_int_equal(change.removed, 1);
	assert_int_equal(change.added, 2);
	size_t count;
	const struct workload *const *loaded = load(folder, &count);
	assert_int_equal(count, 2);
	assert_same_workload(loaded[0], &other);
	assert_same_workload(loaded[1], &newer);
}

static void takes_back_a_change_that_fails(void **state)
{
	struct folder *folder = *state;
	replace(folder, &redis);
	struct workload newer = redis;
	newer.use_count = 1;
	const struct workload *const twice[] = { &newer, &newer };
	struct store *store = folder_open(folder, STORE_WRITE);
	struct store_change change;
	assert_int_not_equal(store_replace_workloads(store, twice, 2, &change, &folder->err),
			     STATUS_OK);
	store_close(store);
	size_t count;
	assert_same_workload(load(folder, &count)[0], &redis);
	assert_int_equal(count, 1);
}

static const struct layer_entry entries[] = { { 0, LEVEL_FULL, NULL },
					      { 16, LEVEL_PARTIAL, "few requests" },
					      { 500, LEVEL_DENIED, NULL } };

static void keeps_one_layer_of_a_name_and_version(void **state)
{
	struct folder *folder = *state;
	struct layer layer = { "gramine", "1.8", ARCH_X86_64, POLICY_ENOSYS, FIRST_SOURCE,
			       entries,   3 };
	struct layer unknown = { "gramine", NULL, ARCH_X86_64, POLICY_UNKNOWN, SECOND_SOURCE,
				 entries,   1 };
	const struct layer *const both[] = { &layer, &unknown };
	struct store *store = folder_open(folder, STORE_WRITE);
	assert_int_equal(store_put_layers(store, both, 2, &folder->err), STATUS_OK);
	assert_int_equal(store_put_layers(store, both, 2, &folder->err), STATUS_OK);
	const struct layer *const *loaded;
	size_t count;
	assert_int_equal(store_load_layers(store, &folder->arena, &loaded, &count, &folder->err),
			 STATUS_OK);
	assert_int_equal(count, 2);
	assert_null(loaded[0]->version);
	assert_same_source(loaded[0]->source, unknown.source);
	assert_string_equal(loaded[1]->version, "1.8");
	assert_int_equal(loaded[1]->policy, POLICY_ENOSYS);
	assert_int_equal(loaded[1]->entry_count, 3);
	assert_int_equal(loaded[1]->entries[1].level, LEVEL_PARTIAL);
	assert_string_equal(loaded[1]->entries[1].note, "few requests");
	assert_null(loaded[1]->entries[2].note);

	assert_int_equal(store_remove_layer(store, "gramine", NULL, ARCH_X86_64, &folder->err),
			 STATUS_OK);
	assert_int_equal(store_remove_layer(store, "gramine", NULL, ARCH_X86_64, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_load_layers(store, &folder->arena, &loaded, &count, &folder->err),
			 STATUS_OK);
	assert_int_equal(count, 1);
	store_close(store);
}

static void trials_and_answers_come_back(void **state)
{
	struct folder *folder = *state;
	struct store *store = folder_open(folder, STORE_WRITE);
	const struct stored_trial_key key = { "d", "0=38 /proc/x=hidden", 2 };
	const struct stored_trial_key other = { "d", "0=38", 2 };
	const struct stored_trial trial = { .ended = "crashed",
					    .reason = "1 processes crashed",
					    .entered = "0 1 511",
					    .last_skipped = -1,
					    .output_hash = UINT64_MAX,
					    .wall_ns = 1,
					    .test_ns = 2,
					    .total_ns = 3,
					    .peak_bytes = 4,
					    .descriptor_count = 5,
					    .crash_count = 6 };
	struct stored_trial back;
	bool found;
	struct error *err = &folder->err;
	assert_int_equal(store_put_trial(store, &key, &trial, err), STATUS_OK);
	assert_int_equal(store_put_trial(store, &key, &trial, err), STATUS_OK); /* again */
	assert_int_equal(store_find_trial(store, &other, &folder->arena, &back, &found, err),
			 STATUS_OK);
	assert_false(found);
	assert_int_equal(store_find_trial(store, &key, &folder->arena, &back, &found, err),
			 STATUS_OK);
	assert_true(found);
	assert_same_text(back.ended, trial.ended);
	assert_same_text(back.entered, trial.entered);
	assert_same_text(back.skipped, NULL);
	assert_same_text(back.metric, NULL);
	assert_int_equal(back.last_skipped, -1);
	assert_true(back.output_hash == UINT64_MAX);
	assert_int_equal(back.total_ns, 3);
	assert_int_equal(back.crash_count, 6);
	const struct stored_answer answers[] = { { "ioctl 0x1", "ENOSYS", "works", NULL },
						 { "ioctl", "EPERM", "fails", "died: why" } };
	const struct stored_answer *all;
	size_t count;
	assert_int_equal(store_replace_answers(store, "a", "n", answers, 1, err), STATUS_OK);
	assert_int_equal(store_replace_answers(store, "a", "n", answers, 2, err), STATUS_OK);
	assert_int_equal(store_load_answers(store, "a", "n", &folder->arena, &all, &count, err),
			 STATUS_OK);
	assert_int_equal(count, 2);
	assert_same_text(all[0].part, "ioctl");
	assert_same_text(all[0].reason, "died: why");
	assert_same_text(all[1].reason, NULL);
	store_close(store);
}

RUN_TESTS(TEST(trials_and_answers_come_back), TEST(gives_workloads_back_as_they_were),
	  TEST(replaces_every_version_of_a_source),
	  TEST(puts_a_workload_beside_others_of_its_source), TEST(takes_back_a_change_that_fails),
	  TEST(keeps_one_layer_of_a_name_and_version))
