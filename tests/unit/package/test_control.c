#include "../check.h"

#include <string.h>

#include "package/control.h"
#include "package/dpkg.h"

static void reads_a_stanza(void **state)
{
	struct arena arena = { 0 };
	struct slice rest = slice_of_string("\n\nPackage: a\nversion: 1:2-3\nPre-Depends: x\n"
					    "Depends: y,\n z\nEssential: yes\nSection: net\n \n\nPackage: b\n");
	struct slice stanza;
	struct package package;
	(void)state;
	assert_true(control_next_stanza(&rest, &stanza));
	assert_true(control_package(stanza, &arena, &package));
	assert_string_equal(package.name, "a");
	assert_string_equal(package.version, "1:2-3");
	assert_string_equal(package.depends, "x, y,\n z");
	assert_string_equal(package.section, "net");
	assert_null(package.maintainer);
	assert_true(package.essential);
	assert_true(control_next_stanza(&rest, &stanza));
	assert_false(control_package(stanza, &arena, &package)); /* no version */
	assert_false(control_next_stanza(&rest, &stanza));
	arena_finish(&arena);
}

/* A database as a list of paths and contents. */
struct file {
	const char *path, *content;
};

static bool read_file(void *context, const char *path, struct slice *out_content)
{
	for (const struct file *file = context; file->path != NULL; file++)
		if (strcmp(file->path, path) == 0) {
			*out_content = slice_of_string(file->content);
			return true;
		}
	return false;
}

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *const **out_names)
{
	const char **names = arena_alloc(arena, 4, sizeof(*names));
	size_t count = 0;
	size_t length = strlen(folder);
	for (const struct file *file = context; file->path != NULL; file++)
		if (strncmp(file->path, folder, length) == 0 && file->path[length] == '/')
			names[count++] = file->path + length + 1;
	*out_names = names;
	return count;
}

static void reads_a_database_with_diversions(void **state)
{
	struct file files[] = {
		{ "/var/lib/dpkg/status",
		  "Package: b\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n"
		  "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		  "Package: a\nStatus: install ok installed\nVersion: 2\nArchitecture: i386\n" },
		{ "/var/lib/dpkg/info/b.list", "/.\n/usr/bin/x\n/usr/bin/y\n" },
		{ "/var/lib/dpkg/info/a:i386.list", "/usr/bin/x\n" },
		{ "/var/lib/dpkg/info/a.list", "/never\n" },
		{ "/var/lib/dpkg/diversions", "/usr/bin/x\n/usr/bin/x.real\na\n" },
		{ 0 },
	};
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct dpkg_database database;
	struct error err;
	struct dpkg_files source = { read_file, list_folder, files };
	(void)state;
	assert_int_equal(dpkg_read(&source, &arena, &problems, &database, &err), STATUS_OK);
	assert_int_equal(problems.count, 0);
	assert_int_equal(database.count, 2);
	assert_string_equal(database.packages[0].package.name, "a");
	assert_int_equal(database.packages[0].path_count, 1);
	assert_string_equal(database.packages[0].paths[0], "/usr/bin/x"); /* it diverts b's */
	assert_int_equal(database.packages[1].path_count, 2);
	assert_string_equal(database.packages[1].paths[0], "/usr/bin/x.real");
	assert_string_equal(database.packages[1].paths[1], "/usr/bin/y");
	arena_finish(&arena);
}

static void reads_the_database_of_a_small_image(void **state)
{
	struct file files[] = {
		{ "/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12\n" },
		{ "/var/lib/dpkg/status.d/base.md5sums",
		  "0123456789abcdef0123456789abcdef  usr/bin/x\n" },
		{ 0 },
	};
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct dpkg_database database;
	struct error err;
	struct dpkg_files source = { read_file, list_folder, files };
	(void)state;
	assert_int_equal(dpkg_read(&source, &arena, &problems, &database, &err), STATUS_OK);
	assert_int_equal(database.count, 1);
	assert_string_equal(database.packages[0].paths[0], "/usr/bin/x");
	files[0].path = NULL;
	assert_int_equal(dpkg_read(&source, &arena, &problems, &database, &err), STATUS_NOT_FOUND);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(reads_a_stanza), cmocka_unit_test(reads_a_database_with_diversions),
	  cmocka_unit_test(reads_the_database_of_a_small_image))
