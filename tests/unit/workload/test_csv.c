#include "../check.h"

#include <stdio.h>
#include <string.h>

#include "workload/csv.h"

struct parsed {
	struct arena arena;
	struct problem_list problems;
	struct loupe_csv csv;
	struct error err;
	enum status status;
};

static void parse(struct parsed *parsed, const char *text)
{
	*parsed = (struct parsed){ 0 };
	parsed->problems.arena = &parsed->arena;
	parsed->status = loupe_csv_parse(slice_of_string(text), "dyn.csv", &parsed->arena,
					 &parsed->problems, &parsed->csv, &parsed->err);
}

static void finish(struct parsed *parsed)
{
	arena_finish(&parsed->arena);
}

static void assert_use(const struct parsed *parsed, size_t index, uint32_t number,
		       enum verdict verdict)
{
	assert_true(index < parsed->csv.use_count);
	assert_int_equal(parsed->csv.uses[index].number, number);
	assert_int_equal(parsed->csv.uses[index].verdict, verdict);
}

static void turns_the_three_answers_into_one_verdict(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "# syscall, used, works faked, works stubbed, works both\n"
		       "0,Y,N,N,N\n1,Y,Y,N,N\n2,Y,N,Y,N\n3,Y,N,N,Y\n4,Y,Y,Y,Y\n5,Y,Y,Y,N\n"
		       "6,N,N,N,N\n7,N,Y,Y,Y\n");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.problems.count, 0);
	assert_int_equal(parsed.csv.row_count, 8);
	assert_int_equal(parsed.csv.use_count, 6);
	assert_use(&parsed, 0, 0, VERDICT_REQUIRED);
	assert_use(&parsed, 1, 1, VERDICT_FAKEABLE);
	assert_use(&parsed, 2, 2, VERDICT_STUBBABLE);
	assert_use(&parsed, 3, 3, VERDICT_EITHER);
	assert_use(&parsed, 4, 4, VERDICT_EITHER);
	assert_use(&parsed, 5, 5, VERDICT_EITHER);
	finish(&parsed);
}

static void reads_columns_by_their_heading(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "works both,comment,Works Stubbed,used,syscall,works faked\n"
		       "N,x,Y,Y,9,N\nN,,N,yes,3,Y\nfalse,,0,true,4,1\n");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.csv.use_count, 3);
	assert_use(&parsed, 0, 3, VERDICT_FAKEABLE);
	assert_use(&parsed, 1, 4, VERDICT_FAKEABLE);
	assert_use(&parsed, 2, 9, VERDICT_STUBBABLE);
	finish(&parsed);
}

static void needs_no_heading_and_takes_windows_lines(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "0,Y,N,N,N\r\n1,y,n,y,n\r\n2,N,N,N,N\r\n");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.problems.count, 0);
	assert_int_equal(parsed.csv.row_count, 3);
	assert_use(&parsed, 0, 0, VERDICT_REQUIRED);
	assert_use(&parsed, 1, 1, VERDICT_STUBBABLE);
	finish(&parsed);
}

static void keeps_numbers_past_every_table(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "335,Y,N,N,N\n439,Y,N,Y,N\n99999,Y,N,N,N\n2147483647,Y,N,N,N\n");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_use(&parsed, 0, 335, VERDICT_REQUIRED);
	assert_use(&parsed, 1, 439, VERDICT_STUBBABLE);
	assert_use(&parsed, 2, 99999, VERDICT_REQUIRED);
	assert_use(&parsed, 3, 2147483647, VERDICT_REQUIRED);
	finish(&parsed);
}

static void leaves_verdicts_untested_without_their_columns(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "syscall,used\n5,Y\n6,N\n");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.csv.use_count, 1);
	assert_use(&parsed, 0, 5, VERDICT_UNTESTED);
	finish(&parsed);
}

static void loses_only_the_malformed_row(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed,
	      "# syscall, used, works faked, works stubbed, works both\n"
	      "0,Y,N,N,N\n1,Y,N,N,N\n2,Y,N,N,N\n3,Y,N,N,N\n4,Y,N,N,N\n5,Y,N,N,N\n6,Y,N,N,N\n"
	      "x,Y,N,N,N\n8,Y,N,N,N,N\n9,Y,?,N,N\n1,Y,Y,N,N\n2147483648,Y,N,N,N\n12,Y,N,N");
	static const char *const texts[] = {
		"the syscall is not a number",          "more fields than columns",
		"an answer is neither Y nor N",         "the syscall's number is impossibly large",
		"cut short: fewer fields than columns", "number 1 again, first in line 3",
	};
	static const uint64_t lines[] = { 9, 10, 11, 13, 14, 12 };
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.csv.use_count, 7);
	assert_int_equal(parsed.problems.count, 6);
	const struct problem *problem = parsed.problems.first;
	for (size_t i = 0; i < 6; i++, problem = problem->next) {
		assert_string_equal(problem->input, "dyn.csv");
		assert_int_equal(problem->line, lines[i]);
		assert_string_equal(problem->text, texts[i]);
	}
	assert_use(&parsed, 1, 1, VERDICT_REQUIRED);
	finish(&parsed);
}

static void sees_that_a_file_was_cut_short(void **state)
{
	(void)state;
	struct parsed parsed;
	parse(&parsed, "5,Y,N,N,N\n6,Y,N,N,N");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.csv.use_count, 2);
	assert_int_equal(parsed.problems.count, 1);
	assert_int_equal(parsed.problems.first->line, 2);
	assert_string_equal(parsed.problems.first->text,
			    "no line end, so the file is cut short here");
	finish(&parsed);

	char text[512] = "";
	for (int number = 0; number < 20; number++)
		snprintf(text + strlen(text), 16, "%d,Y,N,N,N\n", number);
	parse(&parsed, text);
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(parsed.csv.use_count, 20);
	assert_int_equal(parsed.problems.count, 1);
	assert_int_equal(parsed.problems.first->line, 20);
	assert_string_equal(parsed.problems.first->text,
			    "ends at number 19 of 334, so the file is cut short here");
	finish(&parsed);
}

static void refuses_what_is_no_table_of_calls(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t off;
	} cases[] = {
		{ "", ERROR_NO_OFF },
		{ "# syscall, used, works faked, works stubbed, works both\n", ERROR_NO_OFF },
		{ "0,N,N,N,N\n1,N,N,N,N\n", ERROR_NO_OFF },
		{ "0,Y,N,N,N\n1,Y\x01,N,N,N\n", 13 },
		{ "# first\nsyscall, works faked, works stubbed, works both\n1,Y,N,N\n", 8 },
		{ "syscall,used,works faked\n1,Y,N\n", 0 },
		{ "0,Y,N,N,N\nlorem\nipsum\n", 10 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed parsed;
		parse(&parsed, cases[i].text);
		assert_int_equal(parsed.status, STATUS_MALFORMED);
		assert_int_equal(parsed.err.input_off, cases[i].off);
		assert_int_equal(parsed.problems.count, 0);
		finish(&parsed);
	}
}

RUN_TESTS(cmocka_unit_test(turns_the_three_answers_into_one_verdict),
	  cmocka_unit_test(reads_columns_by_their_heading),
	  cmocka_unit_test(needs_no_heading_and_takes_windows_lines),
	  cmocka_unit_test(keeps_numbers_past_every_table),
	  cmocka_unit_test(leaves_verdicts_untested_without_their_columns),
	  cmocka_unit_test(loses_only_the_malformed_row),
	  cmocka_unit_test(sees_that_a_file_was_cut_short),
	  cmocka_unit_test(refuses_what_is_no_table_of_calls))
