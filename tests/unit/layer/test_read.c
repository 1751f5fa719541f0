#include "../check.h"

#include <stdio.h>

#include "layer/read.h"

struct fixture {
	struct arena arena;
	struct problem_list problems;
	struct layer layer;
	struct error err;
};

static enum status read_text(struct fixture *fixture, const char *text)
{
	*fixture = (struct fixture){ 0 };
	fixture->problems.arena = &fixture->arena;
	return layer_read(slice_of_string(text), "folder/mine.txt", ARCH_X86_64, &fixture->problems,
			  &fixture->layer, &fixture->err);
}

static void assert_entry(const struct fixture *fixture, size_t index, uint32_t number,
			 enum layer_level level)
{
	assert_true(index < fixture->layer.entry_count);
	assert_int_equal(fixture->layer.entries[index].number, number);
	assert_int_equal(fixture->layer.entries[index].level, level);
}

static void assert_problem(const struct fixture *fixture, uint64_t line, const char *part)
{
	for (const struct problem *problem = fixture->problems.first; problem != NULL;
	     problem = problem->next)
		if (problem->line == line && strstr(problem->text, part) != NULL)
			return;
	fail_msg("no problem at line %u with '%s'", (unsigned)line, part);
}

static void reads_a_list_and_keeps_what_is_known(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(
	    read_text(&fixture, "# mine\r\nwrite\r\nread\nfrobnicate # what?\n\nread\npread\n"),
	    STATUS_OK);
	assert_string_equal(fixture.layer.name, "mine");
	assert_int_equal(fixture.layer.entry_count, 3);
	assert_entry(&fixture, 0, 0, LEVEL_FULL);
	assert_entry(&fixture, 1, 1, LEVEL_FULL);
	assert_entry(&fixture, 2, 17, LEVEL_FULL);
	assert_int_equal(fixture.problems.count, 2);
	assert_problem(&fixture, 4, "'frobnicate' is no x86_64 syscall");
	assert_problem(&fixture, 6, "read stands in line 3 already");
	arena_finish(&fixture.arena);
}

static void reads_the_shipped_form(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(read_text(&fixture,
				   "name: nano\nversion: 2\narch: x86_64\npolicy: exit\n"
				   "source: a.c\nlicence: MIT\n\nfull read\n"
				   "partial futex no robust ones, see #7\nenosys uselib\n"),
			 STATUS_OK);
	assert_string_equal(fixture.layer.name, "nano");
	assert_string_equal(fixture.layer.version, "2");
	assert_int_equal(fixture.layer.policy, POLICY_EXIT);
	assert_string_equal(fixture.layer.source.title, "a.c");
	assert_int_equal(fixture.layer.entry_count, 3);
	assert_entry(&fixture, 1, 134, LEVEL_ENOSYS);
	assert_entry(&fixture, 2, 202, LEVEL_PARTIAL);
	assert_string_equal(fixture.layer.entries[2].note, "no robust ones, see #7");
	assert_int_equal(fixture.problems.count, 0);
	arena_finish(&fixture.arena);
}

static void reads_a_table_of_function_pointers(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(
	    read_text(&fixture, "libos_syscall_t libos_syscall_table[] = {\n"
				"    [__NR_read] = (libos_syscall_t)libos_syscall_read,\n"
				"    [__NR_write]= (void (*)(void))libos_syscall_write, // kept\n"
				"    /* [__NR_open] = (libos_syscall_t)libos_syscall_open, */\n"
				"    [__NR_mremap] = (libos_syscall_t)0, // not yet\n"
				"    [__NR_msync] = NULL,\n"
				"    [__NR_bogus] = (libos_syscall_t)libos_syscall_bogus,\n"
				"};\n"),
	    STATUS_OK);
	assert_int_equal(fixture.layer.entry_count, 4);
	assert_entry(&fixture, 0, 0, LEVEL_FULL);
	assert_entry(&fixture, 1, 1, LEVEL_FULL);
	assert_entry(&fixture, 2, 25, LEVEL_ABSENT);
	assert_entry(&fixture, 3, 26, LEVEL_ABSENT);
	assert_int_equal(fixture.problems.count, 1);
	assert_problem(&fixture, 7, "bogus");
	arena_finish(&fixture.arena);
}

static void reads_csv_by_the_meaning_of_its_columns(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(read_text(&fixture,
				   "Note,Status,Syscall\n\"a, b\",partial,read\n,no,write\n"
				   ",maybe,open\n,yes,nonsense\n"),
			 STATUS_OK);
	assert_int_equal(fixture.layer.entry_count, 2);
	assert_entry(&fixture, 0, 0, LEVEL_PARTIAL);
	assert_string_equal(fixture.layer.entries[0].note, "a, b");
	assert_entry(&fixture, 1, 1, LEVEL_ABSENT);
	assert_problem(&fixture, 4, "no level 'maybe'");
	assert_problem(&fixture, 5, "nonsense");
	arena_finish(&fixture.arena);

	assert_int_equal(read_text(&fixture, "number,level\n202,full\n4000,full\n"), STATUS_OK);
	assert_entry(&fixture, 0, 202, LEVEL_FULL);
	assert_problem(&fixture, 3, "no syscall number 4000");
	arena_finish(&fixture.arena);
}

static void reads_what_spreadsheets_call_csv(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"\xef\xbb\xbfsyscall;level;note\r\nread;full;\r\nwrite;fake;\"a; b\"\r\n",
		"syscall\tlevel\tnote\nread\tfull\t\nwrite\tfake\ta; b\n",
		"read,full\nwrite,fake,a; b\n",
		"# without a heading\n\nread;full\nwrite;fake;\"a; b\"",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fixture fixture;
		assert_int_equal(read_text(&fixture, texts[i]), STATUS_OK);
		assert_int_equal(fixture.problems.count, 0);
		assert_int_equal(fixture.layer.entry_count, 2);
		assert_entry(&fixture, 0, 0, LEVEL_FULL);
		assert_entry(&fixture, 1, 1, LEVEL_FAKE);
		assert_string_equal(fixture.layer.entries[1].note, "a; b");
		arena_finish(&fixture.arena);
	}
}

static void sees_where_a_csv_is_cut_short(void **state)
{
	(void)state;
	static const char whole[] = "syscall,level,note\nread,full,\nwrite,partial,why";
	struct fixture fixture;
	for (size_t cut = strlen("syscall,level,note\nread,full,\nw");
	     cut < strlen("syscall,level,note\nread,full,\nwrite,partial"); cut++) {
		char text[sizeof(whole)] = "";
		memcpy(text, whole, cut);
		assert_int_equal(read_text(&fixture, text), STATUS_MALFORMED);
		assert_string_equal(fixture.err.text, "line 3: the file is cut short here");
		assert_int_equal(fixture.err.input_off, 30);
		arena_finish(&fixture.arena);
	}
	assert_int_equal(read_text(&fixture, "syscall,level\nread\nwrite,full\n"), STATUS_OK);
	assert_problem(&fixture, 2, "a row without a level");
	arena_finish(&fixture.arena);
}

static void reads_a_list_behind_a_byte_order_mark(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(read_text(&fixture, "\xef\xbb\xbfread\nwrite\n"), STATUS_OK);
	assert_int_equal(fixture.layer.entry_count, 2);
	assert_int_equal(fixture.problems.count, 0);
	arena_finish(&fixture.arena);
}

static void reads_json_in_its_shapes(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(read_text(&fixture, "[\"read\",\n \"nope\", \"write\", 7]"), STATUS_OK);
	assert_int_equal(fixture.layer.entry_count, 2);
	assert_problem(&fixture, 2, "nope");
	arena_finish(&fixture.arena);

	assert_int_equal(
	    read_text(&fixture,
		      "{\"name\": \"nano\", \"version\": \"3\", \"syscalls\": {\n"
		      "\"read\": \"full\",\n\"open\": {\"level\": \"fake\", \"note\": \"n\"},\n"
		      "\"write\": false}}"),
	    STATUS_OK);
	assert_string_equal(fixture.layer.name, "nano");
	assert_int_equal(fixture.layer.entry_count, 3);
	assert_entry(&fixture, 1, 1, LEVEL_ABSENT);
	assert_entry(&fixture, 2, 2, LEVEL_FAKE);
	assert_string_equal(fixture.layer.entries[2].note, "n");
	arena_finish(&fixture.arena);

	assert_int_equal(read_text(&fixture, "{\"read\": \"full\""), STATUS_MALFORMED);
	assert_non_null(strstr(fixture.err.text, "line 1"));
	arena_finish(&fixture.arena);
}

static void refuses_what_is_no_layer(void **state)
{
	(void)state;
	struct fixture fixture;
	static const uint8_t binary[] = { 'r', 'e', 'a', 'd', 0, 1 };
	assert_int_equal(read_text(&fixture, ""), STATUS_MALFORMED);
	assert_int_equal(read_text(&fixture, "alpha\nbeta\n"), STATUS_MALFORMED);
	assert_int_equal(fixture.problems.count, 2);
	assert_int_equal(layer_read((struct slice){ binary, sizeof(binary) }, "b", ARCH_X86_64,
				    &fixture.problems, &fixture.layer, &fixture.err),
			 STATUS_MALFORMED);
	assert_int_equal(fixture.err.input_off, 4);
	assert_int_equal(
	    layer_read_file("/", ARCH_X86_64, &fixture.problems, &fixture.layer, &fixture.err),
	    STATUS_IO);
	arena_finish(&fixture.arena);
}

static void takes_numbers_of_the_layers_architecture(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(read_text(&fixture, "arch: arm64\nopenat\nopen\n"), STATUS_OK);
	assert_int_equal(fixture.layer.arch, ARCH_AARCH64);
	assert_int_equal(fixture.layer.entry_count, 1);
	assert_entry(&fixture, 0, 56, LEVEL_FULL);
	assert_problem(&fixture, 3, "'open' is no aarch64 syscall");
	arena_finish(&fixture.arena);
}

RUN_TESTS(cmocka_unit_test(reads_a_list_and_keeps_what_is_known),
	  cmocka_unit_test(reads_the_shipped_form),
	  cmocka_unit_test(reads_a_table_of_function_pointers),
	  cmocka_unit_test(reads_csv_by_the_meaning_of_its_columns),
	  cmocka_unit_test(reads_what_spreadsheets_call_csv),
	  cmocka_unit_test(sees_where_a_csv_is_cut_short),
	  cmocka_unit_test(reads_a_list_behind_a_byte_order_mark),
	  cmocka_unit_test(reads_json_in_its_shapes), cmocka_unit_test(refuses_what_is_no_layer),
	  cmocka_unit_test(takes_numbers_of_the_layers_architecture))
