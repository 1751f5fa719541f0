#pragma once

#include "base/buffer.h"
#include "package/tar.h"

/* Archives made in memory, and what a reader said of them. */

struct made_entry {
	const char *path;
	const char *content; /* NULL: a folder */
	const char *link;    /* symbolic; "=PATH": hard */
	unsigned mode;
};

enum made_filter { MADE_PLAIN, MADE_XZ, MADE_GZIP, MADE_BZIP2, MADE_ZSTD };

/* A tar of the entries, which end with a zeroed one. */
void make_tar(struct buffer *out, const struct made_entry *entries, enum made_filter filter);

/* Appends a member to an ar archive; the magic before the first. */
void make_member(struct buffer *out, const char *name, struct slice content);

/* A sink that writes "kind path [-> target] [content]" lines, executables with a star. */
struct listing {
	struct arena arena;
	struct problem_list problems;
	struct buffer lines;
	struct buffer scratch;
	struct error err;
	struct entry_sink sink;
};

void listing_init(struct listing *listing);
void listing_finish(struct listing *listing);
