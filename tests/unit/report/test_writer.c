#include "../check.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/writer.h"

/* One hostile name everywhere a name can stand. */
static const char hostile[] = "<script>alert('&\"')</script>|`*x*`\n\tcut\x1b[2J\xff";

static const struct column columns[] = {
	{ "name", "Name", COLUMN_TEXT },
	{ "count", "Used by", COLUMN_NUMBER },
	{ "share", "Done", COLUMN_SHARE },
	{ "by", "By", COLUMN_LIST },
};

static void describe(struct writer *writer, const char *name)
{
	const char *const names[] = { name, "set_mempolicy" };
	writer_note(writer, "lead", "A note about %s.", name);
	writer_text(writer, "layer", "Layer", name);
	writer_integer(writer, "implemented", "Implemented", 177);
	writer_share(writer, "complete", "Complete", 90, 121);
	writer_share(writer, "empty", "Nothing", 0, 0);
	writer_real(writer, "mean", "Mean", NAN, 2);
	writer_section_begin(writer, "inner", name);
	writer_names(writer, "missing", "Missing", names, 2);
	writer_names(writer, "extra", "Extra", names, 0);
	writer_bool(writer, "fake_ok", "Fake is enough", true);
	writer_table_begin(writer, "rows", name, columns, 4, true);
	writer_cell_text(writer, name);
	writer_cell_integer(writer, -3);
	writer_cell_share(writer, 1, 3);
	writer_cell_list(writer, names, 2);
	writer_cell_text(writer, NULL);
	writer_cell_text(writer, NULL);
	writer_cell_share(writer, 0, 0);
	writer_cell_list(writer, NULL, 0);
	writer_table_end(writer);
	writer_figure(writer, "curve", name, NULL, slice_of_string("<svg/>\n"));
	writer_section_end(writer);
	writer_array_begin(writer, "layers", "Layers");
	writer_array_item(writer, name);
	writer_text(writer, "name", "Name", name);
	writer_array_item(writer, "second");
	writer_text(writer, "name", "Name", "second");
	writer_array_end(writer);
}

/* The whole document; to be freed. */
static char *written(enum format format, const char *name)
{
	char *bytes = NULL;
	size_t size_bytes = 0;
	FILE *out = open_memstream(&bytes, &size_bytes);
	assert_non_null(out);
	struct writer *writer = writer_open(out, format, "sysgap-test", 3, name);
	describe(writer, name);
	assert_false(writer_is_void(writer));
	assert_int_equal(writer_close(writer), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(bytes);
	return bytes;
}

static void expect_part(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void expect_no_part(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void text_is_aligned(void **state)
{
	(void)state;
	char *text = written(FORMAT_TEXT, "gramine");
	assert_string_equal(text, "gramine\n"
				  "=======\n"
				  "\n"
				  "A note about gramine.\n"
				  "\n"
				  "Layer        gramine\n"
				  "Implemented  177\n"
				  "Complete     74.380 % (90 of 121)\n"
				  "Nothing      no data\n"
				  "Mean         unknown\n"
				  "\n"
				  "gramine\n"
				  "-------\n"
				  "Missing         gramine, set_mempolicy\n"
				  "Extra           none\n"
				  "Fake is enough  yes\n"
				  "\n"
				  "gramine\n"
				  "~~~~~~~\n"
				  "Name     Used by               Done  By\n"
				  "-------  -------  -----------------  ----------------------\n"
				  "gramine       -3  33.333 % (1 of 3)  gramine, set_mempolicy\n"
				  "         unknown            no data\n"
				  "\n"
				  "Layers\n"
				  "------\n"
				  "gramine\n"
				  "~~~~~~~\n"
				  "Name  gramine\n"
				  "\n"
				  "second\n"
				  "~~~~~~\n"
				  "Name  second\n");
	free(text);
}

static void text_wraps_notes_and_wide_columns(void **state)
{
	(void)state;
	char *bytes = NULL;
	size_t size_bytes = 0;
	FILE *out = open_memstream(&bytes, &size_bytes);
	struct writer *writer = writer_open(out, FORMAT_TEXT, "sysgap-test", 1, "t");
	const char *names[40];
	for (size_t i = 0; i < 40; i++)
		names[i] = "some-benchmark";
	writer_note(writer, NULL, "%0100d %0100d tail", 1, 2);
	writer_names(writer, "n", "Names", names, 40);
	writer_table_begin(writer, "rows", NULL, columns, 4, true);
	writer_cell_text(writer, "first");
	writer_cell_integer(writer, 1);
	writer_cell_share(writer, 1, 2);
	writer_cell_list(writer, names, 40);
	writer_table_end(writer);
	assert_int_equal(writer_close(writer), 0);
	(void)fclose(out);
	char *rest = bytes;
	size_t lines = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL; lines++) {
		assert_true(strlen(line) <= 80 || strspn(line, "0") == 99);
		assert_true(line[0] == '\0' || line[strlen(line) - 1] != ' ');
	}
	assert_true(lines > 20);
	free(bytes);
}

static const struct column wide_columns[] = { { "name", "Name", COLUMN_TEXT },
					      { "count", "Count", COLUMN_NUMBER },
					      { "by", "Required by", COLUMN_LIST },
					      { "in", "Works in", COLUMN_LIST } };

static void text_puts_lists_below_rows_that_are_too_wide(void **state)
{
	(void)state;
	char *bytes = NULL;
	size_t size_bytes = 0;
	FILE *out = open_memstream(&bytes, &size_bytes);
	struct writer *writer = writer_open(out, FORMAT_TEXT, "sysgap-test", 1, "t");
	const char *const names[] = { "a-benchmark-with-a-name-of-nearly-fifty-letters-1",
				      "a-benchmark-with-a-name-of-nearly-fifty-letters-2",
				      "third" };
	writer_table_begin(writer, "rows", NULL, wide_columns, 4, true);
	writer_cell_text(writer, "first");
	writer_cell_integer(writer, 1);
	writer_cell_list_cut(writer, names, 3, 2);
	writer_cell_list(writer, names, 2);
	writer_cell_text(writer, "second");
	writer_cell_integer(writer, 10);
	writer_cell_list(writer, NULL, 0);
	writer_cell_list(writer, names, 1);
	writer_table_end(writer);
	assert_int_equal(writer_close(writer), 0);
	(void)fclose(out);
	assert_string_equal(bytes,
			    "t\n"
			    "=\n"
			    "\n"
			    "Name    Count\n"
			    "------  -----\n"
			    "first       1\n"
			    "    Required by: a-benchmark-with-a-name-of-nearly-fifty-letters-1,\n"
			    "        a-benchmark-with-a-name-of-nearly-fifty-letters-2 and 1 more\n"
			    "    Works in: a-benchmark-with-a-name-of-nearly-fifty-letters-1,\n"
			    "        a-benchmark-with-a-name-of-nearly-fifty-letters-2\n"
			    "second     10\n"
			    "    Works in: a-benchmark-with-a-name-of-nearly-fifty-letters-1\n");
	free(bytes);
}

static void text_makes_room_before_it_gets_wide(void **state)
{
	(void)state;
	static const struct column room[] = { { "name", "Name", COLUMN_TEXT },
					      { "share", "A very long heading", COLUMN_SHARE },
					      { "path", "Where it is from", COLUMN_TEXT } };
	char *bytes = NULL;
	size_t size_bytes = 0;
	FILE *out = open_memstream(&bytes, &size_bytes);
	struct writer *writer = writer_open(out, FORMAT_TEXT, "sysgap-test", 1, "t");
	writer_table_begin(writer, "rows", NULL, room, 3, true);
	writer_cell_text(writer, "a-name-that-is-not-cut-and-fills-half-of-it");
	writer_cell_share(writer, 1, 2);
	writer_cell_text(writer, "kernel/arch/x86/table.c, 2");
	writer_table_end(writer);
	assert_int_equal(writer_close(writer), 0);
	(void)fclose(out);
	assert_string_equal(
	    bytes,
	    "t\n=\n\n"
	    "Name                                               A very long  Where it is from\n"
	    "                                                       heading\n"
	    "-------------------------------------------  -----------------  ----------------\n"
	    "a-name-that-is-not-cut-and-fills-half-of-it  50.000 % (1 of 2)  kernel/arch/x86/\n"
	    "                                                                table.c, 2\n");
	free(bytes);
}

static void html_links_addresses_and_only_them(void **state)
{
	(void)state;
	char *bytes = NULL;
	size_t size_bytes = 0;
	FILE *out = open_memstream(&bytes, &size_bytes);
	struct writer *writer = writer_open(out, FORMAT_HTML, "sysgap-test", 1, "t");
	writer_text(writer, NULL, "A", "https://example.org/?a=1&b=\"2\"");
	writer_text(writer, NULL, "B", "javascript:alert(1)");
	writer_text(writer, NULL, "C", "https://example.org and more");
	assert_int_equal(writer_close(writer), 0);
	(void)fclose(out);
	expect_part(bytes, "<a href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\">https:");
	expect_no_part(bytes, "href=\"javascript");
	expect_no_part(bytes, "and more</a>");
	free(bytes);
}

static void nothing_hostile_passes(void **state)
{
	(void)state;
	for (int format = 0; format < FORMAT_COUNT; format++) {
		char *text = written((enum format)format, hostile);
		expect_no_part(text, "\x1b");
		expect_no_part(text, "\xff");
		if (format != FORMAT_JSON)
			expect_no_part(text, "\tcut");
		if (format == FORMAT_HTML) {
			expect_no_part(text, "<script>alert");
			expect_part(text, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)");
			expect_part(text, "src=\"data:image/svg+xml;base64,PHN2Zy8+Cg==\"");
		}
		if (format == FORMAT_MD)
			expect_part(text,
				    "\\<script\\>alert('&amp;\"')\\</script\\>\\|\\`\\*x\\*\\`");
		free(text);
	}
}

static void json_holds_the_values_themselves(void **state)
{
	(void)state;
	char *text = written(FORMAT_JSON, hostile);
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);
	if (root == NULL)
		fail_msg("%s", error.text);
	const char *schema;
	int version;
	double percent;
	json_t *empty;
	json_t *row;
	const char *layer;
	assert_int_equal(json_unpack(root, "{s:s, s:i, s:s, s:{s:F}, s:{s:o}, s:{s:[o,*]}}",
				     "schema", &schema, "version", &version, "layer", &layer,
				     "complete", "percent", &percent, "empty", "percent", &empty,
				     "inner", "rows", &row),
			 0);
	assert_string_equal(schema, "sysgap-test");
	assert_int_equal(version, 3);
	assert_true(fabs(percent - 74.380165289) < 1e-8);
	assert_true(json_is_null(empty));
	assert_memory_equal(layer, hostile, sizeof(hostile) - 2);
	assert_int_equal(json_integer_value(json_object_get(row, "count")), -3);
	assert_int_equal(json_array_size(json_object_get(row, "by")), 2);
	assert_int_equal(json_array_size(json_object_get(root, "layers")), 2);
	json_decref(root);
	free(text);
}

static void tsv_and_names_are_the_main_table(void **state)
{
	(void)state;
	char *text = written(FORMAT_TSV, "gramine");
	assert_string_equal(text, "name\tcount\tshare\tby\n"
				  "gramine\t-3\t33.333\tgramine,set_mempolicy\n"
				  "\t\t\t\n");
	free(text);
	text = written(FORMAT_NAMES, "gramine");
	assert_string_equal(text, "gramine\n\n");
	free(text);
}

static void svg_is_the_figure(void **state)
{
	(void)state;
	char *text = written(FORMAT_SVG, "gramine");
	assert_string_equal(text, "<svg/>\n");
	free(text);
}

static void knows_when_a_format_has_nothing_to_show(void **state)
{
	(void)state;
	for (int format = 0; format < FORMAT_COUNT; format++) {
		struct writer *writer =
		    writer_open(stderr, (enum format)format, "sysgap-test", 1, "t");
		writer_text(writer, "key", "Title", "value");
		assert_int_equal(writer_is_void(writer), format == FORMAT_TSV ||
							     format == FORMAT_NAMES ||
							     format == FORMAT_SVG);
		writer_discard(writer);
	}
}

static void a_full_disk_is_reported(void **state)
{
	(void)state;
	for (int format = 0; format < FORMAT_COUNT; format++) {
		FILE *out = fopen("/dev/full", "we");
		if (out == NULL)
			skip();
		struct writer *writer =
		    writer_open(out, (enum format)format, "sysgap-test", 1, "t");
		describe(writer, "gramine");
		errno = 0;
		assert_int_equal(writer_close(writer), -1);
		assert_int_equal(errno, ENOSPC);
		(void)fclose(out);
	}
}

static void without_key_not_in_json_without_title_not_for_people(void **state)
{
	(void)state;
	static const struct column some[] = { { "shown", "Shown", COLUMN_TEXT },
					      { "hidden", NULL, COLUMN_TEXT },
					      { NULL, "Label", COLUMN_TEXT } };
	for (int format = 0; format < FORMAT_COUNT; format++) {
		char *bytes = NULL;
		size_t size_bytes = 0;
		FILE *out = open_memstream(&bytes, &size_bytes);
		struct writer *writer =
		    writer_open(out, (enum format)format, "sysgap-test", 1, "t");
		writer_text(writer, "json_key", NULL, "only-json");
		writer_text(writer, NULL, "Title", "only-people");
		writer_numbers(writer, "numbers", (const double[]){ 47.25 }, 1);
		writer_table_begin(writer, "rows", NULL, some, 3, true);
		writer_cell_text(writer, "first-cell");
		writer_cell_text(writer, "second-cell");
		writer_cell_text(writer, "third-cell");
		writer_table_end(writer);
		assert_int_equal(writer_close(writer), 0);
		(void)fclose(out);
		bool people = format == FORMAT_TEXT || format == FORMAT_MD || format == FORMAT_HTML;
		assert_int_equal(strstr(bytes, "only-json") != NULL, format == FORMAT_JSON);
		assert_int_equal(strstr(bytes, "47.25") != NULL, format == FORMAT_JSON);
		assert_int_equal(strstr(bytes, "only-people") != NULL, people);
		assert_int_equal(strstr(bytes, "first-cell") != NULL, format != FORMAT_SVG);
		assert_int_equal(strstr(bytes, "second-cell") != NULL,
				 format == FORMAT_JSON || format == FORMAT_TSV);
		assert_int_equal(strstr(bytes, "third-cell") != NULL, people);
		free(bytes);
	}
}

static void can_be_given_up_in_the_middle(void **state)
{
	(void)state;
	for (int format = 0; format < FORMAT_COUNT; format++) {
		struct writer *writer =
		    writer_open(stderr, (enum format)format, "sysgap-test", 1, "t");
		writer_section_begin(writer, "inner", "Inner");
		writer_text(writer, "key", "Title", "value");
		writer_table_begin(writer, "rows", "Rows", columns, 4, true);
		writer_cell_text(writer, "first");
		writer_discard(writer);
	}
}

static void every_format_has_a_name(void **state)
{
	(void)state;
	for (int format = 0; format < FORMAT_COUNT; format++)
		assert_int_equal(format_from_name(format_name((enum format)format)), format);
	assert_int_equal(format_from_name("pdf"), FORMAT_UNKNOWN);
}

RUN_TESTS(cmocka_unit_test(text_is_aligned), cmocka_unit_test(text_wraps_notes_and_wide_columns),
	  cmocka_unit_test(text_puts_lists_below_rows_that_are_too_wide),
	  cmocka_unit_test(text_makes_room_before_it_gets_wide),
	  cmocka_unit_test(html_links_addresses_and_only_them),
	  cmocka_unit_test(nothing_hostile_passes),
	  cmocka_unit_test(json_holds_the_values_themselves),
	  cmocka_unit_test(tsv_and_names_are_the_main_table), cmocka_unit_test(svg_is_the_figure),
	  cmocka_unit_test(knows_when_a_format_has_nothing_to_show),
	  cmocka_unit_test(without_key_not_in_json_without_title_not_for_people),
	  cmocka_unit_test(can_be_given_up_in_the_middle),
	  cmocka_unit_test(a_full_disk_is_reported), cmocka_unit_test(every_format_has_a_name))
