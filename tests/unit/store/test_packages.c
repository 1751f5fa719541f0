#include "folder.h"

#include <string.h>

#include "store/package.h"

static const struct source source = { "packages", NULL, NULL, NULL };

static const struct package_use uses[] = {
	{ { API_SYSCALL, ARCH_X86_64, 0, 0, "" }, CERTAINTY_EXACT, "/bin/a", "a:main > libc:read" },
	{ { API_SYSCALL, ARCH_X86_64, 39, 0, "" }, CERTAINTY_PLUGIN, "/bin/b", NULL },
	{ { API_OPERATION, ARCH_X86_64, 16, 0xffffffffffffffff, "" },
	  CERTAINTY_EXACT,
	  "/bin/a",
	  NULL },
	{ { API_FILE, ARCH_X86_64, 0, 0, "/proc/self/maps" }, CERTAINTY_EXACT, "/bin/a", NULL },
};

static struct package_facts facts(const char *name, size_t use_count)
{
	return (struct package_facts){
		.package = { .name = name, .version = "1", .arch = "amd64", .depends = "libc6" },
		.state = PACKAGE_PROGRAMS,
		.program_count = 2,
		.unresolved_count = 3,
		.uses = uses,
		.use_count = use_count
	};
}

static void put(struct folder *folder, struct store *store, bool replace,
		const struct package_facts *packages, size_t count)
{
	struct package_writer *writer;
	assert_int_equal(store_packages_begin(store, &source, replace, &writer, &folder->err),
			 STATUS_OK);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(store_packages_put(writer, &packages[i], &folder->err), STATUS_OK);
	assert_int_equal(store_packages_end(writer, STATUS_OK, &folder->err), STATUS_OK);
}

static void keeps_packages_and_who_uses_what(void **state)
{
	struct folder *folder = *state;
	struct store *store = folder_open(folder, STORE_WRITE);
	struct package_facts both[] = { facts("b", 4), facts("a", 1) };
	struct stored_packages stored;
	const struct api_user *users;
	size_t count;
	put(folder, store, true, both, 2);
	put(folder, store, false, both, 1); /* takes the place of the first */
	assert_int_equal(
	    store_load_packages(store, API_KIND_COUNT, &folder->arena, &stored, &folder->err),
	    STATUS_OK);
	assert_int_equal(stored.package_count, 2);
	assert_string_equal(stored.packages[0].package.name, "a");
	assert_string_equal(stored.packages[1].package.depends, "libc6");
	assert_int_equal(stored.packages[1].unresolved_count, 3);
	assert_int_equal(stored.api_count, 4);
	assert_int_equal(stored.use_count, 5);
	assert_int_equal(stored.uses[0].package, 0);
	assert_int_equal(stored.uses[0].api, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(stored.uses[i + 1].api, i);
		assert_int_equal(api_compare(&stored.apis[i], &uses[i].api), 0);
		assert_int_equal(stored.uses[i + 1].certainty, uses[i].certainty);
	}
	assert_int_equal(
	    store_load_packages(store, API_FILE, &folder->arena, &stored, &folder->err), STATUS_OK);
	assert_int_equal(stored.api_count, 1);
	assert_int_equal(stored.use_count, 1);
	assert_int_equal(
	    store_find_users(store, &uses[0].api, &folder->arena, &users, &count, &folder->err),
	    STATUS_OK);
	assert_int_equal(count, 2);
	assert_string_equal(users[1].package, "b");
	assert_string_equal(users[1].chain, "a:main > libc:read");
	store_close(store);
}

static void replaces_a_whole_source(void **state)
{
	struct folder *folder = *state;
	struct store *store = folder_open(folder, STORE_WRITE);
	struct package_facts one = facts("a", 4);
	struct package_facts other = facts("b", 1);
	struct stored_packages stored;
	put(folder, store, true, &one, 1);
	put(folder, store, true, &other, 1);
	assert_int_equal(
	    store_load_packages(store, API_KIND_COUNT, &folder->arena, &stored, &folder->err),
	    STATUS_OK);
	assert_int_equal(stored.package_count, 1);
	assert_int_equal(stored.api_count, 1); /* nobody uses the others any more */
	store_close(store);
}

static void merges_two_stores(void **state)
{
	struct folder *folder = *state;
	struct package_facts one = facts("a", 1);
	struct package_facts two[] = { facts("a", 2), facts("b", 4) };
	struct stored_packages stored;
	struct store *other = folder_open(folder, STORE_WRITE);
	put(folder, other, true, two, 2);
	store_close(other);
	struct store *store;
	const char *path = arena_printf(&folder->arena, "%s/second.db", folder->path);
	assert_int_equal(store_open(path, STORE_WRITE, &store, &folder->err), STATUS_OK);
	put(folder, store, true, &one, 1);
	other = folder_open(folder, STORE_READ);
	for (int i = 0; i < 2; i++) /* a second time changes nothing */
		if (store_merge(store, other, &folder->err) != STATUS_OK)
			fail_msg("%s", folder->err.text);
	store_close(other);
	assert_int_equal(
	    store_load_packages(store, API_KIND_COUNT, &folder->arena, &stored, &folder->err),
	    STATUS_OK);
	assert_int_equal(stored.package_count, 2);
	assert_int_equal(stored.use_count, 6);
	assert_int_equal(stored.api_count, 4);
	store_close(store);
}

static void keeps_what_a_survey_did(void **state)
{
	struct folder *folder = *state;
	struct store *store = folder_open(folder, STORE_WRITE);
	struct slice key = { (const uint8_t *)"k\0y", 3 };
	struct slice value = { (const uint8_t *)"v\0lue", 5 };
	struct slice found;
	assert_int_equal(
	    store_survey_get(store, SURVEY_INPUT, key, &folder->arena, &found, &folder->err),
	    STATUS_NOT_FOUND);
	assert_int_equal(store_survey_begin(store, &folder->err), STATUS_OK);
	assert_int_equal(store_survey_put(store, SURVEY_INPUT, key, value, &folder->err),
			 STATUS_OK);
	assert_int_equal(store_survey_end(store, STATUS_OK, &folder->err), STATUS_OK);
	assert_int_equal(
	    store_survey_get(store, SURVEY_INPUT, key, &folder->arena, &found, &folder->err),
	    STATUS_OK);
	assert_true(slice_equals(found, value));
	assert_int_equal(
	    store_survey_get(store, SURVEY_PROGRAM, key, &folder->arena, &found, &folder->err),
	    STATUS_NOT_FOUND);
	store_close(store);
}

static void keeps_one_popularity(void **state)
{
	struct folder *folder = *state;
	struct store *store = folder_open(folder, STORE_WRITE);
	static const struct popularity_entry entries[] = { { "Z", 1 }, { "a", 2 }, { "a+", 3 } };
	struct popularity popularity = { source, true, 10, entries, 1 };
	struct popularity loaded;
	assert_int_equal(store_load_popularity(store, &folder->arena, &loaded, &folder->err),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_put_popularity(store, &popularity, &folder->err), STATUS_OK);
	popularity.source.title = "another";
	popularity.count = 3;
	assert_int_equal(store_put_popularity(store, &popularity, &folder->err), STATUS_OK);
	assert_int_equal(store_load_popularity(store, &folder->arena, &loaded, &folder->err),
			 STATUS_OK);
	assert_string_equal(loaded.source.title, "another");
	assert_true(loaded.estimate);
	assert_int_equal(loaded.count, 3);
	assert_true(popularity_of(&loaded, "a+") == 0.3);
	assert_true(popularity_of(&loaded, "b") < 0);
	store_close(store);
}

RUN_TESTS(TEST(keeps_packages_and_who_uses_what), TEST(replaces_a_whole_source),
	  TEST(merges_two_stores), TEST(keeps_what_a_survey_did), TEST(keeps_one_popularity))
