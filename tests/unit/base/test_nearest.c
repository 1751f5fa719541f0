#include "../check.h"

#include "base/nearest.h"

static const char *nearest_of(const char *word)
{
	static const char *const names[] = { "status", "plan",        "prctl",      "read",
					     "pread",  "gramine-1.0", "gramine-1.8" };
	struct nearest nearest = nearest_start(word);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		nearest_try(&nearest, names[i]);
	return nearest.name == NULL ? "" : nearest.name;
}

static void finds_what_was_mistyped(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("stats"), "status");
	assert_string_equal(nearest_of("satus"), "status");
	assert_string_equal(nearest_of("paln"), "plan"); /* exchanged letters are one edit */
	assert_string_equal(nearest_of("prtcl"), "prctl");
	assert_string_equal(nearest_of("read"), "read");
	assert_string_equal(nearest_of("gramin-1.8"), "gramine-1.8");
	assert_string_equal(nearest_of("gramine-1.9"), "gramine-1.8"); /* the last of equals */
}

static void does_not_guess_wildly(void **state)
{
	(void)state;
	assert_string_equal(nearest_of(""), "");
	assert_string_equal(nearest_of("x"), "");
	assert_string_equal(nearest_of("foo"), "");
	assert_string_equal(nearest_of("entirely-different"), "");
	char word[200];
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_string_equal(nearest_of(word), "");
}

static void asks_only_when_there_is_a_name(void **state)
{
	(void)state;
	char question[NEAREST_QUESTION_BYTES];
	struct nearest nearest = nearest_start("prtcl");
	assert_string_equal(nearest_question(&nearest, question), "");
	nearest_try(&nearest, "prctl");
	assert_string_equal(nearest_question(&nearest, question), "; did you mean prctl?");
}

RUN_TESTS(cmocka_unit_test(finds_what_was_mistyped), cmocka_unit_test(does_not_guess_wildly),
	  cmocka_unit_test(asks_only_when_there_is_a_name))
