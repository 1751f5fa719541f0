#pragma once

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/problem.h"
#include "facts/package.h"

/*
 * What reading one input gave: its packages and those of their files that matter for what they
 * run. Workers send it, the store keeps it, so decoding trusts nothing.
 */
enum file_kind {
	FILE_PROGRAM, /* ELF, to be run */
	FILE_LIBRARY, /* other ELF that can be loaded */
	FILE_FOREIGN, /* ELF of another kind or machine; not analysed */
	FILE_BROKEN,  /* starts like ELF and is none; text says why */
	FILE_SCRIPT,  /* executable with "#!"; text is the interpreter */
	FILE_LINK,    /* text is the target, as it stands in the link */
	FILE_SAME_AS, /* hard link; text is the path */
	FILE_KIND_COUNT,
};

enum { HASH_BYTES = 32 };

struct package_file {
	enum file_kind kind;
	bool maintainer; /* a maintainer script, not a file of the package */
	const char *path;
	const char *text;         /* see the kinds; of ELF files the soname or NULL */
	uint8_t hash[HASH_BYTES]; /* tells contents of ELF files apart */
	uint64_t size_bytes;
	uint16_t machine; /* EM_* */
	uint8_t word_bytes;
	bool by_place;     /* where it lies decides what it loads: $ORIGIN */
	uint64_t pool_off; /* see survey/pool.h; means nothing in a later run */
};

struct read_package {
	struct package package;
	const struct package_file *files;
	size_t file_count;
	const char *problem; /* NULL, or why not all of it was read */
};

enum { RECORD_MAX_FILES = 1 << 22, RECORD_MAX_PACKAGES = 1 << 20, RECORD_MAX_TEXT = 1 << 20 };

void record_put_package(struct buffer *out, const struct package *package);
void record_put_file(struct buffer *out, const struct package_file *file); /* of the last package */
void record_put_problem(struct buffer *out, const char *text);             /* likewise */

/*
 * record        borrowed for the call
 * out_packages  in the arena
 * returns       false: damaged
 */
bool record_decode(struct slice record, struct arena *arena,
		   const struct read_package **out_packages, size_t *out_count);

/* Building blocks, also for survey/result.h. A text may be NULL. */
void record_put_uint(struct buffer *out, uint64_t value, unsigned width_bytes);
void record_put_text(struct buffer *out, const char *text);
const char *record_text(struct cursor *cursor, struct arena *arena);
