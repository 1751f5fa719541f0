#include "../check.h"

#include "package/relation.h"

static void reads_alternatives_with_versions(void **state)
{
	struct arena arena = { 0 };
	size_t count;
	(void)state;
	const struct relation *relations = relations_parse(
	    "libc6 (>= 2.34), exim4 | mail-transport-agent,python3:any (<<3.12)\n ,", &arena,
	    &count);
	assert_int_equal(count, 4);
	assert_string_equal(relations[0].name, "libc6");
	assert_int_equal(relations[0].operator_, RELATION_LATER_EQUAL);
	assert_string_equal(relations[0].version, "2.34");
	assert_true(relations[0].last);
	assert_string_equal(relations[1].name, "exim4");
	assert_false(relations[1].last);
	assert_string_equal(relations[2].name, "mail-transport-agent");
	assert_true(relations[2].last);
	assert_string_equal(relations[3].name, "python3");
	assert_int_equal(relations[3].operator_, RELATION_EARLIER);
	assert_string_equal(relations[3].version, "3.12");
	assert_int_equal((relations_parse(NULL, &arena, &count), count), 0);
	arena_finish(&arena);
}

static void compares_as_the_operator_says(void **state)
{
	static const char *const texts[] = { "a (<< 2)", "a (<= 2)", "a (= 2)",
					     "a (>= 2)", "a (>> 2)", "a" };
	static const bool allows[][3] = { /* versions 1, 2, 3 */
					  { true, false, false }, { true, true, false },
					  { false, true, false }, { false, true, true },
					  { false, false, true }, { true, true, true }
	};
	static const char *const versions[] = { "1", "2", "3" };
	struct arena arena = { 0 };
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		size_t count;
		const struct relation *relation = relations_parse(texts[i], &arena, &count);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(relation_allows(relation, versions[k]), allows[i][k]);
		/* an unversioned Provides meets only what names no version */
		assert_int_equal(relation_allows(relation, NULL), i == 5);
	}
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(reads_alternatives_with_versions),
	  cmocka_unit_test(compares_as_the_operator_says))
