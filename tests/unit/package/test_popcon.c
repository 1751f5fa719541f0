#include "../check.h"

#include <string.h>

#include "made.h"
#include "package/popcon.h"
#include "package/unpack.h"

static struct popularity parse(struct arena *arena, const char *text, enum popcon_total total,
			       size_t problem_count)
{
	struct problem_list problems = { .arena = arena };
	struct popularity popularity = { 0 };
	struct error err;
	if (popcon_parse(slice_of_string(text), "file", total, &problems, &popularity, &err) !=
	    STATUS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(problems.count, problem_count);
	return popularity;
}

static const char by_inst[] =
    "#rank name inst vote old recent no-files (maintainer)\n"
    "1     dpkg          200  150  40  9  1  (Dpkg Developers (a group))\n"
    "2     apt           100   50  40  9  1  (Not in sid)\n"
    "broken line\n"
    "----------------------------------------------\n"
    "2     Total         300  200  80 18  2\n";

static void reads_by_inst(void **state)
{
	struct arena arena = { 0 };
	(void)state;
	struct popularity popularity = parse(&arena, by_inst, POPCON_SUBMISSIONS, 1);
	assert_int_equal(popularity.count, 2);
	assert_int_equal(popularity.submissions, 200);
	assert_true(popularity_of(&popularity, "apt") == 0.5);
	assert_true(popularity_of(&popularity, "Total") < 0); /* not listed is not 0 */
	popularity = parse(&arena, by_inst, POPCON_SUM, 1);
	assert_int_equal(popularity.submissions, 300);
	arena_finish(&arena);
}

static void takes_the_submissions_of_all_results(void **state)
{
	struct arena arena = { 0 };
	(void)state;
	struct popularity popularity =
	    parse(&arena,
		  "Submissions: 1000\nArchitecture: amd64 900\nPackage: dpkg 600 200 100 50\n"
		  "Package: apt 1 2 3\nRelease: 1.6 5\nPackage: zsh 0 0 0 10\n",
		  POPCON_SUBMISSIONS, 1);
	assert_int_equal(popularity.submissions, 1000);
	assert_int_equal(popularity.count, 2);
	assert_true(popularity_of(&popularity, "dpkg") == 0.95);
	assert_true(popularity_of(&popularity, "zsh") == 0.01);
	arena_finish(&arena);
}

static void estimates_between_knots(void **state)
{
	struct arena arena = { 0 };
	(void)state;
	struct popularity popularity =
	    parse(&arena,
		  "# comment\ntitle: T\nestimate: yes\nsubmissions: 1000\nknot: 1 1000\n"
		  "knot: 4 10\n\na\nb\nc\nd\n",
		  POPCON_SUBMISSIONS, 0);
	assert_true(popularity.estimate);
	assert_string_equal(popularity.source.title, "T");
	assert_true(popularity_of(&popularity, "a") == 1);
	assert_true(popularity_of(&popularity, "b") == 0.1); /* half way of two factors of ten */
	assert_true(popularity_of(&popularity, "d") == 0.01);
	arena_finish(&arena);
}

static void refuses_other_texts(void **state)
{
	static const char *const texts[] = { "", "hello\n", "title: x\n\na\n", "1 a b\n" };
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct popularity popularity;
	struct error err;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(popcon_parse(slice_of_string(texts[i]), "file",
						  POPCON_SUBMISSIONS, &problems, &popularity, &err),
				     STATUS_OK);
	arena_finish(&arena);
}

static void unpacks_up_to_a_limit(void **state)
{
	static const struct made_entry entries[] = { { "file", "content", NULL, 0 }, { 0 } };
	struct buffer packed = { 0 };
	struct buffer plain = { 0 };
	struct buffer out = { 0 };
	struct error err;
	(void)state;
	make_tar(&packed, entries, MADE_GZIP);
	make_tar(&plain, entries, MADE_PLAIN);
	assert_int_equal(unpack(buffer_slice(&packed), 1 << 20, &out, &err), STATUS_OK);
	assert_true(slice_equals(buffer_slice(&out), buffer_slice(&plain)));
	buffer_clear(&out);
	assert_int_equal(unpack(slice_of_string("as it is"), 1 << 20, &out, &err), STATUS_OK);
	assert_string_equal(buffer_string(&out), "as it is");
	buffer_clear(&out);
	assert_int_equal(unpack(buffer_slice(&packed), 100, &out, &err), STATUS_LIMIT);
	packed.size_bytes -= 20;
	buffer_clear(&out);
	assert_int_equal(unpack(buffer_slice(&packed), 1 << 20, &out, &err), STATUS_MALFORMED);
	buffer_finish(&packed);
	buffer_finish(&plain);
	buffer_finish(&out);
}

RUN_TESTS(cmocka_unit_test(reads_by_inst), cmocka_unit_test(takes_the_submissions_of_all_results),
	  cmocka_unit_test(estimates_between_knots), cmocka_unit_test(refuses_other_texts),
	  cmocka_unit_test(unpacks_up_to_a_limit))
