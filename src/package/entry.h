#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/problem.h"
#include "base/slice.h"

/* What a file of a package is, as far as running it goes. */
enum entry_kind {
	ENTRY_ELF,     /* starts with the ELF magic; content is the whole file */
	ENTRY_SCRIPT,  /* starts with "#!"; content is at most the first ENTRY_HEAD_BYTES */
	ENTRY_OTHER,   /* content likewise */
	ENTRY_LINK,    /* symbolic; target is its text */
	ENTRY_SAME_AS, /* a hard link; target is the path of an entry before it */
	ENTRY_FOLDER,
};

enum {
	ENTRY_HEAD_BYTES = 4096,
	ENTRY_MAX_PATH_BYTES = 4096,
	ENTRY_MAX_COUNT = 4 << 20, /* of one package; the largest of Debian has 200,000 */
};

#define ENTRY_MAX_ELF_BYTES   (UINT64_C(2) << 30)  /* the largest seen, a browser's, has 0.4 */
#define ENTRY_MAX_WHOLE_BYTES (UINT64_C(64) << 20) /* of others that are asked for whole */
#define ENTRY_MAX_TOTAL_BYTES (UINT64_C(32) << 30) /* unpacked, of one package */

struct entry {
	const char *path; /* "/usr/bin/x": absolute, without "." and ".."; borrowed for the call */
	enum entry_kind kind;
	bool executable;
	bool whole;           /* content is all of it */
	struct slice content; /* borrowed for the call */
	const char *target;
	/* Of a file on a disk: size, time, number. Equal ones are the same content, as for make. */
	uint64_t stamp[4]; /* zeros: it lies in an archive */
};

/* Who wants to see a package's entries, in the order in which they lie in it. */
struct entry_sink {
	enum status (*take)(void *context, const struct entry *entry, struct error *err);
	void *context;
	bool (*whole)(void *context, const char *path); /* also wants all of this; may be NULL */
	struct problem_list *problems;                  /* what costs one entry only */
	const char *input;                              /* for problems */
	uint64_t elf_bytes;                             /* taken so far, of ELF files */
	uint64_t total_bytes;
	uint64_t count;
};

/*
 * Makes a path absolute and plain in out_path; false: it is empty, too long or has "..".
 * A path that leaves its package is no path at all.
 */
bool entry_path(const char *raw, char out_path[ENTRY_MAX_PATH_BYTES]);

/* The same, but ".." stays: where that leads is for the caller to find out. */
bool entry_plain_path(const char *raw, char out_path[ENTRY_MAX_PATH_BYTES]);

/* ELF, script or other by the first bytes. */
enum entry_kind entry_classify(struct slice head);

/*
 * The interpreter of a script: "#!/usr/bin/env -S python3 -u" is "python3", "#!/bin/sh" is
 * "/bin/sh". What it is without a slash, PATH decides. Written to out_name.
 *
 * returns   false: the head is no script, or names nothing
 * source    execve(2), "Interpreter scripts"; env(1)
 */
bool entry_interpreter(struct slice head, char out_name[ENTRY_MAX_PATH_BYTES]);
