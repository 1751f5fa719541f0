#pragma once

#include "elf/dynamic.h"

enum {
	SEARCH_MAX_DIRECTORIES = 256,
	SEARCH_MAX_INCLUDE_DEPTH = 8, /* of ld.so.conf */
	SEARCH_MAX_CONF_BYTES = 1 << 16,
};

/*
 * How ld.so finds a library by name. The file system is behind one function, so that the same
 * rules serve a running system, a root folder elsewhere, and packages that are not unpacked.
 */
struct elf_search {
	/*
	 * The file that ld.so would map for a path, or NULL: it must be an ELF file of the machine
	 * and class that are asked for. The result names the file itself, symbolic links resolved,
	 * so that equal results mean the same library; in the arena.
	 */
	const char *(*open)(void *context, struct arena *arena, const char *path, unsigned machine,
			    size_t word_bytes);
	void *context;
	const char *const *directories; /* of ld.so's cache and its built-in ones, in order */
	size_t directory_count;
	const char *library_path; /* LD_LIBRARY_PATH; NULL: not set, as for a service */
};

/* Who asks, and who loaded it: a DT_RPATH counts for all that an object loads, however deep. */
struct elf_requester {
	const char *path; /* of the file, for $ORIGIN */
	const struct elf_file *file;
	const struct elf_dynamic *dynamic;
	const struct elf_requester *loader; /* NULL: the program itself */
};

/*
 * Finds a DT_NEEDED or dlopen name for an object.
 *
 * returns   the file (see `open`), in the arena; NULL when there is none
 * source    ld.so(8), "DESCRIPTION" and "Dynamic string tokens"; glibc elf/dl-load.c for the order
 */
const char *elf_search_find(const struct elf_search *search, struct arena *arena, const char *name,
			    const struct elf_requester *requester);

/*
 * A search in a real file system below a root folder ("" for the running system): directories of
 * etc/ld.so.conf with its includes, then ld.so's built-in ones; for a program of musl those of its
 * etc/ld-musl-ARCH.path. Everything lives in the arena, the root is borrowed.
 */
struct elf_search elf_search_system(struct arena *arena, const char *root,
				    const struct elf_file *program);

/* Opens a path below a root folder, symbolic links resolved inside it; -1 with errno. */
int elf_search_open_below(const char *root, const char *path);

/* The path of an open descriptor as the kernel knows it, in the arena; NULL on failure. */
const char *elf_search_path_of(struct arena *arena, int descriptor);
