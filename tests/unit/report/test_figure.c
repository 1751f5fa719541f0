#include "../check.h"

#include <stdlib.h>
#include <string.h>

#include "report/figure.h"

static const double percent[] = { 10, 20, 20, 100 };
static const struct figure_series hostile_series[] = {
	{ "<script>alert(1)</script>", percent, 4 },
	{ "it's `touch /tmp/sysgap-was-here`\n\"quoted\"", percent, 2 },
};
static const struct figure hostile = { "it's & <b>", "k", "%", hostile_series, 2 };

static bool gnuplot_is_there(void)
{
	return system("gnuplot -V >/dev/null 2>&1") == 0;
}

static void draws_the_same_twice_and_signs_nothing(void **state)
{
	(void)state;
	if (!gnuplot_is_there())
		skip();
	struct error err;
	struct buffer first = { 0 };
	struct buffer second = { 0 };
	assert_int_equal(figure_draw(&hostile, &first, &err), STATUS_OK);
	assert_int_equal(figure_draw(&hostile, &second, &err), STATUS_OK);
	assert_string_equal(buffer_string(&first), buffer_string(&second));
	assert_non_null(strstr(buffer_string(&first), "<svg"));
	assert_non_null(strstr(buffer_string(&first), "</svg>"));
	assert_null(strcasestr(buffer_string(&first), "produced by"));
	buffer_finish(&first);
	buffer_finish(&second);
}

static void titles_are_only_text(void **state)
{
	(void)state;
	if (!gnuplot_is_there())
		skip();
	struct error err;
	struct buffer svg = { 0 };
	assert_int_equal(figure_draw(&hostile, &svg, &err), STATUS_OK);
	assert_null(strstr(buffer_string(&svg), "<script"));
	assert_non_null(strstr(buffer_string(&svg), "it's &amp; &lt;b>"));
	assert_non_null(strstr(buffer_string(&svg), "`touch /tmp/sysgap-was-here`\\n"));
	buffer_finish(&svg);
}

static void says_that_gnuplot_is_missing(void **state)
{
	(void)state;
	char *path = strdup(getenv("PATH"));
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	struct error err;
	struct buffer svg = { 0 };
	assert_int_equal(figure_draw(&hostile, &svg, &err), STATUS_NOT_FOUND);
	assert_non_null(strstr(err.text, "gnuplot-nox"));
	assert_int_equal(svg.size_bytes, 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	free(path);
}

static void refuses_what_is_no_figure(void **state)
{
	(void)state;
	struct error err;
	struct buffer svg = { 0 };
	const struct figure none = { "t", "x", "y", NULL, 0 };
	assert_int_equal(figure_draw(&none, &svg, &err), STATUS_LIMIT);
	const struct figure_series no_points = { "s", NULL, 0 };
	const struct figure empty = { "t", "x", "y", &no_points, 1 };
	assert_int_equal(figure_draw(&empty, &svg, &err), STATUS_LIMIT);
}

RUN_TESTS(cmocka_unit_test(draws_the_same_twice_and_signs_nothing),
	  cmocka_unit_test(titles_are_only_text), cmocka_unit_test(says_that_gnuplot_is_missing),
	  cmocka_unit_test(refuses_what_is_no_figure))
