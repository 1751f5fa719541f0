#pragma once

#include <stdint.h>

/* A package as its control fields say; strings borrowed from its owner, NULL: no such field. */
struct package {
	const char *name;
	const char *version;
	const char *arch; /* Debian's name of it: "amd64", "all" */
	const char *section;
	const char *maintainer;
	const char *depends; /* Pre-Depends and Depends, as package/relation.h parses them */
	const char *provides;
};
