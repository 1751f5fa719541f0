#pragma once

#include "package/dpkg.h"
#include "survey/pool.h"
#include "survey/record.h"

/* Raised when what a record or a result says changes its meaning. */
enum { SURVEY_VERSION = 5 };

/* What is read as one task: a package, or what cannot be parted before it is read. */
enum input_kind {
	INPUT_DEB,       /* path of a .deb */
	INPUT_INSTALLED, /* a package of dpkg's database below a root folder */
	INPUT_TREE,      /* all of a folder of the disk, as one package of its name */
	INPUT_IMAGE,     /* a container image or a tar of a root file system */
};

struct input {
	enum input_kind kind;
	const char *path; /* INPUT_INSTALLED: the root folder, "" for the running system */
	const char *root; /* INPUT_TREE: of the disk; the path lies below it */
	const struct dpkg_package *installed;
	uint64_t size_bytes;      /* for progress and order; 0: not known */
	uint8_t hash[HASH_BYTES]; /* of what it is and when it changed: equal means nothing to do */
};

/*
 * Reads one input into a record. In a worker. What is wrong is in the record, too.
 *
 * maintainer_scripts   also what dpkg runs when it installs and removes
 * pool                 where to keep ELF files that lie nowhere on disk
 * content              for the file at hand; a caller with many inputs keeps it
 */
void collect(const struct input *input, bool maintainer_scripts, struct pool *pool,
	     struct buffer *content, struct buffer *out);

/* The hash of an input, from sizes and times of its files: without reading them. */
void input_fingerprint(struct input *input, bool maintainer_scripts);
