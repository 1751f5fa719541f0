/* Workload files: what they may say, and that what they may not say is said with its line. */
#include "../check.h"
#include "explore/definition.h"

#include <string.h>

static void parse(const char *text, const char *expected)
{
	struct arena arena = { 0 };
	struct definition definition;
	struct error err = { 0 };
	enum status status =
	    definition_parse(slice_of_string(text), "file", &arena, &definition, &err);
	if (expected == NULL && status != STATUS_OK)
		fail_msg("%s", err.text);
	if (expected != NULL) {
		assert_int_equal(status, STATUS_MALFORMED);
		assert_string_equal(err.text, expected);
	}
	arena_finish(&arena);
}

#define HEAD "application: a\nname: benchmark-b\ncommand: [c]\n"

static void takes_the_least(void **state)
{
	(void)state;
	parse(HEAD, NULL);
}

static void reads_every_key(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct definition definition;
	struct error err;
	const char *text =
	    "application: a\nname: suite-b\nkind: suite\npackages: [p, q]\nroot: true\nuser: "
	    "nobody\n"
	    "environment: {X: y}\ndirectory: /tmp\nprepare: p\ncommand: a b  c\ninput: i\n"
	    "ready: {port: 80, file: /f, line: '^l'}\ntest: t\ncheck: k\n"
	    "success: {exit: 3, output: o+, same-output: true}\nlimit: 1.5\nreplicas: 7\n"
	    "disk: 2M\nmetric: {name: m, pattern: '([0-9]+)', lower-is-better: true}\n";
	assert_int_equal(definition_parse(slice_of_string(text), "file", &arena, &definition, &err),
			 STATUS_OK);
	assert_int_equal(definition.kind, WORKLOAD_SUITE);
	assert_string_equal(definition.packages[1], "q");
	assert_true(definition.needs_root);
	assert_string_equal(definition.environment[0], "X=y");
	assert_string_equal(definition.command[2], "c");
	assert_null(definition.command[3]);
	assert_int_equal(definition.ready.port, 80);
	assert_int_equal(definition.success.exit, 3);
	assert_true(definition.success.same_output);
	assert_true(definition.limit_seconds == 1.5);
	assert_int_equal(definition.replicas, 7);
	assert_int_equal(definition.disk_bytes, 2 << 20);
	assert_true(definition.metric.lower_is_better);
	arena_finish(&arena);
}

static void says_what_is_wrong_and_where(void **state)
{
	(void)state;
	parse("", "file: empty");
	parse("a: [", "file: line 2: did not find expected node content");
	parse("application: a\nname: n\n", "file: missing: command");
	parse(HEAD "limits: 3\n", "file: line 4: limits: unknown key");
	parse(HEAD "name: twice\n", "file: line 4: name: given twice");
	parse(HEAD "limit: soon\n", "file: line 4: limit: seconds expected");
	parse(HEAD "success: {output: '('}\n",
	      "file: line 4: output: a regular expression expected");
	parse(HEAD "test: t\n",
	      "file: missing: ready (port, file or line), which a test waits for");
	parse(HEAD "ready: {port: 0}\ntest: t\n", "file: line 4: port: a port expected");
}

static void the_hash_tells_versions_apart(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct definition first;
	struct definition second;
	struct error err;
	assert_int_equal(definition_parse(slice_of_string(HEAD), "f", &arena, &first, &err),
			 STATUS_OK);
	assert_int_equal(
	    definition_parse(slice_of_string(HEAD "limit: 3\n"), "f", &arena, &second, &err),
	    STATUS_OK);
	assert_true(first.hash != second.hash);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(takes_the_least), cmocka_unit_test(reads_every_key),
	  cmocka_unit_test(says_what_is_wrong_and_where),
	  cmocka_unit_test(the_hash_tells_versions_apart))
