#include "../check.h"

#include "package/alternatives.h"

static void expect(const char *script, const char *lines)
{
	struct arena arena = { 0 };
	size_t count;
	const char *text = "";
	const struct alternative *found =
	    alternatives_parse(slice_of_string(script), &arena, &count);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(&arena, "%s%s>%s ", text, found[i].link, found[i].target);
	assert_string_equal(text, lines);
	arena_finish(&arena);
}

static void reads_links_and_slaves_over_joined_lines(void **state)
{
	(void)state;
	expect("#!/bin/sh\nset -e\n"
	       "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n"
	       "  --slave /usr/bin/nawk nawk \"/usr/bin/mawk\"\n",
	       "/usr/bin/awk>/usr/bin/mawk /usr/bin/nawk>/usr/bin/mawk ");
}

static void passes_over_what_the_shell_would_work_out(void **state)
{
	(void)state;
	expect("update-alternatives --install $link x /usr/bin/x 1\n"
	       "update-alternatives --install /usr/bin/x x /usr/lib/$i/x 1\n"
	       "update-alternatives --remove x /usr/bin/x\n"
	       "echo --install /usr/bin/y y /usr/bin/z 1\n",
	       "");
}

static void ends_with_the_script(void **state)
{
	(void)state;
	expect("", "");
	expect("update-alternatives --install /usr/bin/x x", "");
	expect("update-alternatives --install /usr/bin/x x /usr/bin/z 1 \\",
	       "/usr/bin/x>/usr/bin/z ");
	expect("\\\n\\\n", "");
}

RUN_TESTS(cmocka_unit_test(reads_links_and_slaves_over_joined_lines),
	  cmocka_unit_test(passes_over_what_the_shell_would_work_out),
	  cmocka_unit_test(ends_with_the_script))
