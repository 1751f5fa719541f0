#include "../check.h"

#include <stdio.h>

#include "elf/search.h"

/* A file system that holds the paths of a list, and remembers what was asked for. */
struct files {
	const char *const *paths; /* ends with NULL */
};

static const char *open_listed(void *context, struct arena *arena, const char *path,
			       unsigned machine, size_t word_bytes)
{
	(void)machine;
	(void)word_bytes;
	const struct files *files = context;
	for (const char *const *at = files->paths; *at != NULL; at++)
		if (strcmp(*at, path) == 0)
			return arena_string(arena, path);
	return NULL;
}

static const struct elf_file file = { .arch = ARCH_X86_64, .word_bytes = 8, .machine = 62 };
static const char *const directories[] = { "/conf", "/lib" };

static const char *find(struct arena *arena, const char *const *paths, const char *name,
			const struct elf_requester *requester)
{
	struct files files = { paths };
	struct elf_search search = { .open = open_listed,
				     .context = &files,
				     .directories = directories,
				     .directory_count = 2 };
	return elf_search_find(&search, arena, name, requester);
}

static void looks_in_runpath_before_the_cache(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct elf_dynamic dynamic = { .rpath = "/ignored", .runpath = "/a:/run" };
	const struct elf_requester who = { "/app/bin/x", &file, &dynamic, NULL };
	const char *const paths[] = { "/ignored/l.so", "/lib/l.so", "/run/l.so", NULL };
	assert_string_equal(find(&arena, paths, "l.so", &who), "/run/l.so");
	const char *const without[] = { "/ignored/l.so", "/lib/l.so", "/conf/l.so", NULL };
	assert_string_equal(find(&arena, without, "l.so", &who), "/conf/l.so");
	arena_finish(&arena);
}

static void takes_the_rpath_of_those_who_loaded_it(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct elf_dynamic program_dynamic = { .rpath = "$ORIGIN/../lib" };
	const struct elf_requester program = { "/app/bin/x", &file, &program_dynamic, NULL };
	const struct elf_dynamic library_dynamic = { 0 };
	const struct elf_requester library = { "/app/lib/y.so", &file, &library_dynamic, &program };
	const char *const paths[] = { "/app/bin/../lib/z.so", "/lib/z.so", NULL };
	assert_string_equal(find(&arena, paths, "z.so", &library), "/app/bin/../lib/z.so");

	const struct elf_dynamic modern_dynamic = { .runpath = "/none" };
	const struct elf_requester modern = { "/app/lib/y.so", &file, &modern_dynamic, &program };
	assert_string_equal(find(&arena, paths, "z.so", &modern), "/lib/z.so");
	arena_finish(&arena);
}

static void takes_a_name_with_a_slash_as_a_path(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct elf_dynamic dynamic = { 0 };
	const struct elf_requester who = { "/app/bin/x", &file, &dynamic, NULL };
	const char *const paths[] = { "/app/bin/plugins/p.so", "/lib/p.so", NULL };
	assert_string_equal(find(&arena, paths, "${ORIGIN}/plugins/p.so", &who),
			    "/app/bin/plugins/p.so");
	assert_null(find(&arena, paths, "missing.so", &who));
	arena_finish(&arena);
}

static void finds_libc_on_this_system(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct elf_search search = elf_search_system(&arena, "", &file);
	const struct elf_dynamic dynamic = { 0 };
	const struct elf_requester who = { "/bin/true", &file, &dynamic, NULL };
	const char *found = elf_search_find(&search, &arena, "libc.so.6", &who);
	assert_non_null(found);
	assert_non_null(strstr(found, "libc"));
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(looks_in_runpath_before_the_cache),
	  cmocka_unit_test(takes_the_rpath_of_those_who_loaded_it),
	  cmocka_unit_test(takes_a_name_with_a_slash_as_a_path),
	  cmocka_unit_test(finds_libc_on_this_system))
