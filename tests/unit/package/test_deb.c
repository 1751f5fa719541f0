#include "../check.h"

#include <string.h>

#include "made.h"
#include "package/deb.h"

static const struct made_entry files[] = {
	{ "./", NULL, NULL, 0755 },
	{ "./usr/bin/program", "\177ELF and more", NULL, 0755 },
	{ "./usr/bin/script", "#!/bin/sh\n", NULL, 0755 },
	{ "./usr/bin/other", "", "=./usr/bin/program", 0755 },
	{ "./usr/lib/liba.so", "", "liba.so.1", 0 },
	{ "./usr/share/doc", "text", NULL, 0 },
	{ "../etc/passwd", "outside", NULL, 0 },
	{ "/usr//./share/x", "", NULL, 0 },
	{ 0 },
};

static const char expected[] = "elf* /usr/bin/program 13\n"
			       "script* /usr/bin/script 10\n"
			       "same* /usr/bin/other -> /usr/bin/program\n"
			       "link /usr/lib/liba.so -> liba.so.1\n"
			       "other /usr/share/doc 4\n"
			       "other /usr/share/x 0\n";

static void lists_a_tar_through_every_compression(void **state)
{
	(void)state;
	for (int filter = MADE_PLAIN; filter <= MADE_ZSTD; filter++) {
		struct listing listing;
		struct buffer tar = { 0 };
		listing_init(&listing);
		make_tar(&tar, files, (enum made_filter)filter);
		enum status status =
		    tar_read(buffer_slice(&tar), &listing.scratch, &listing.sink, &listing.err);
		if (status != STATUS_OK)
			fail_msg("filter %d: %s", filter, listing.err.text);
		assert_string_equal(buffer_string(&listing.lines), expected);
		assert_int_equal(listing.problems.count, 1); /* the path with ".." */
		assert_int_equal(listing.sink.elf_bytes, 13);
		listing_finish(&listing);
		buffer_finish(&tar);
	}
}

static void reports_a_tar_that_is_cut(void **state)
{
	struct listing listing;
	struct buffer tar = { 0 };
	(void)state;
	listing_init(&listing);
	make_tar(&tar, files, MADE_XZ);
	struct slice cut = { buffer_slice(&tar).bytes, tar.size_bytes - 40 };
	assert_int_equal(tar_read(cut, &listing.scratch, &listing.sink, &listing.err),
			 STATUS_MALFORMED);
	listing_finish(&listing);
	buffer_finish(&tar);
}

static void make_deb(struct buffer *deb, const char *control)
{
	const struct made_entry entries[] = { { "./control", control, NULL, 0 },
					      { "./postinst", "#!/bin/sh\n", NULL, 0755 },
					      { "./md5sums", "x", NULL, 0 },
					      { 0 } };
	struct buffer tar = { 0 };
	make_tar(&tar, entries, MADE_XZ);
	make_member(deb, "debian-binary", slice_of_string("2.0\n"));
	make_member(deb, "_extra", slice_of_string("odd"));
	make_member(deb, "control.tar.xz", buffer_slice(&tar));
	buffer_finish(&tar);
}

static void reads_a_package(void **state)
{
	struct listing listing;
	struct buffer bytes = { 0 };
	struct buffer tar = { 0 };
	struct deb deb;
	struct package package;
	(void)state;
	listing_init(&listing);
	make_deb(&bytes, "Package: p\nVersion: 1\nArchitecture: amd64\n");
	make_tar(&tar, files, MADE_ZSTD);
	make_member(&bytes, "data.tar.zst/", buffer_slice(&tar));
	assert_int_equal(deb_open(buffer_slice(&bytes), &deb, &listing.err), STATUS_OK);
	assert_int_equal(
	    deb_read_control(&deb, &listing.arena, &listing.sink, &package, &listing.err),
	    STATUS_OK);
	assert_string_equal(package.name, "p");
	assert_string_equal(package.arch, "amd64");
	assert_string_equal(buffer_string(&listing.lines), "script* /postinst 10\n");
	buffer_clear(&listing.lines);
	assert_int_equal(tar_read(deb.data, &listing.scratch, &listing.sink, &listing.err),
			 STATUS_OK);
	assert_string_equal(buffer_string(&listing.lines), expected);
	listing_finish(&listing);
	buffer_finish(&bytes);
	buffer_finish(&tar);
}

static enum status open_members(const char *const *names, struct error *err)
{
	struct buffer bytes = { 0 };
	struct deb deb;
	for (; *names != NULL; names++)
		make_member(&bytes, *names, slice_of_string("2.0\n"));
	enum status status = deb_open(buffer_slice(&bytes), &deb, err);
	buffer_finish(&bytes);
	return status;
}

static void refuses_members_that_lie_or_are_missing(void **state)
{
	const char *const swapped[] = { "debian-binary", "data.tar", "control.tar", NULL };
	const char *const none[] = { "debian-binary", "control.tar", NULL };
	const char *const first[] = { "control.tar", "debian-binary", "data.tar", NULL };
	struct error err;
	struct buffer bytes = { 0 };
	struct deb deb;
	(void)state;
	assert_int_equal(open_members(swapped, &err), STATUS_MALFORMED);
	assert_int_equal(open_members(none, &err), STATUS_MALFORMED);
	assert_int_equal(open_members(first, &err), STATUS_UNSUPPORTED);
	make_member(&bytes, "debian-binary", slice_of_string("2.0\n"));
	make_member(&bytes, "control.tar", slice_of_string("x"));
	memcpy(strstr(bytes.bytes + 72, "control.tar") + 48, "9999999999", 10);
	assert_int_equal(deb_open(buffer_slice(&bytes), &deb, &err), STATUS_MALFORMED);
	assert_int_equal(err.input_off, 72 + 48);
	buffer_finish(&bytes);
}

static void names_the_interpreter_of_a_script(void **state)
{
	static const struct {
		const char *head, *name;
	} scripts[] = {
		{ "#!/bin/sh\n", "/bin/sh" },
		{ "#! /usr/bin/perl -w\n", "/usr/bin/perl" },
		{ "#!/usr/bin/env python3\nx", "python3" },
		{ "#!/usr/bin/env -S A=b python3 -u\n", "python3" },
		{ "#!/usr/bin/env -i env bash\n", "env" },
		{ "#!/usr/bin/env\n", NULL },
		{ "#!\n", NULL },
		{ "text", NULL },
	};
	char name[ENTRY_MAX_PATH_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		bool found = entry_interpreter(slice_of_string(scripts[i].head), name);
		assert_int_equal(found, scripts[i].name != NULL);
		if (found)
			assert_string_equal(name, scripts[i].name);
	}
}

RUN_TESTS(cmocka_unit_test(lists_a_tar_through_every_compression),
	  cmocka_unit_test(reports_a_tar_that_is_cut), cmocka_unit_test(reads_a_package),
	  cmocka_unit_test(refuses_members_that_lie_or_are_missing),
	  cmocka_unit_test(names_the_interpreter_of_a_script))
