#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/api.h"

/* A package as its control fields say; strings borrowed from its owner, NULL: no such field. */
struct package {
	const char *name;
	const char *version; /* "" when it is not known */
	const char *arch;    /* Debian's name of it: "amd64", "all" */
	const char *section;
	const char *maintainer;
	const char *depends; /* Pre-Depends and Depends, as package/relation.h parses them */
	const char *provides;
	bool essential; /* always there: others depend on it without saying so */
};

/* What is known of the needs of a package. */
enum package_state {
	PACKAGE_PROGRAMS, /* it has programs, and all were analysed */
	PACKAGE_SCRIPTS,  /* no programs, but scripts: the needs are those of their interpreters */
	PACKAGE_LIBRARY,  /* code that only others run */
	PACKAGE_NO_CODE,
	PACKAGE_PARTLY, /* some of its programs could not be analysed, or not all of it was read */
	PACKAGE_STATE_COUNT,
};

const char *package_state_name(enum package_state state);
int package_state_from_name(const char *name); /* -1 when there is none of that name */

/* An API that a package uses, and by way of what. */
struct package_use {
	struct api api;
	enum certainty certainty;
	const char *program; /* path of the first that does; for scripts the interpreter's */
	const char *chain; /* "binary:function > …" to where the call is made; NULL: not known */
};

struct package_facts {
	struct package package;
	enum package_state state;
	const char *problem; /* why it is PACKAGE_PARTLY; NULL: nothing to say */
	uint32_t program_count;
	uint32_t library_count;
	uint32_t script_count;
	uint32_t unresolved_count;      /* syscall instructions whose number is not known */
	const struct package_use *uses; /* ascending APIs, no duplicates */
	size_t use_count;
};
