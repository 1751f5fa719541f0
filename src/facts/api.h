#pragma once

#include <stdint.h>

#include "facts/arch.h"

/* What a program may ask of Linux. */
enum api_kind {
	API_SYSCALL,   /* number */
	API_OPERATION, /* number of the syscall, and the value that selects the operation */
	API_FILE,      /* name: a path below /proc, /dev or /sys, or how such a path starts */
	API_FUNCTION,  /* name: of the C library */
	API_KIND_COUNT,
};

struct api {
	enum api_kind kind;
	enum arch arch;   /* of syscalls and operations */
	uint32_t number;  /* likewise */
	uint64_t value;   /* of operations */
	const char *name; /* of files and functions; "" for the others */
};

/* How sure it is that a package uses an API. */
enum certainty {
	CERTAINTY_EXACT,      /* a program or a library that it names can reach it */
	CERTAINTY_PLUGIN,     /* only what those may load by configuration can */
	CERTAINTY_MAINTAINER, /* only what dpkg runs when it installs or removes the package can */
	CERTAINTY_COUNT,
};

const char *api_kind_name(enum api_kind kind);
int api_kind_from_name(const char *name); /* -1 when there is none of that name */
const char *certainty_name(enum certainty certainty);
int certainty_from_name(const char *name); /* likewise */

/* An order of all APIs: by kind, architecture, number, value, name. */
int api_compare(const struct api *a, const struct api *b);
