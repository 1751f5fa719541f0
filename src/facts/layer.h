#pragma once

#include <stddef.h>
#include <stdint.h>

#include "facts/arch.h"
#include "facts/source.h"

/* What a layer does for one syscall. Order: from most to least. */
enum layer_level {
	LEVEL_FULL,
	LEVEL_PARTIAL, /* some operations or flags are missing; the note says which */
	LEVEL_FAKE,    /* returns success and does nothing */
	LEVEL_DUMMY,   /* present in the source, prints or logs, does nothing useful */
	LEVEL_ENOSYS,  /* named by the layer, answers ENOSYS */
	LEVEL_DENIED,  /* answers another errno */
	LEVEL_ABSENT,  /* the layer does not know it; its policy decides what happens */
	LEVEL_COUNT,
};

/* What happens at a call that the layer does not know. */
enum layer_policy { POLICY_UNKNOWN, POLICY_ENOSYS, POLICY_EXIT, POLICY_COUNT };

struct layer_entry {
	uint32_t number; /* of the layer's architecture */
	enum layer_level level;
	const char *note; /* NULL when none */
};

/*
 * Something that offers the Linux syscall ABI without being Linux. Only calls the layer names
 * have an entry; all others are LEVEL_ABSENT.
 */
struct layer {
	const char *name;    /* "gramine" */
	const char *version; /* "1.8"; NULL when unknown */
	enum arch arch;
	enum layer_policy policy;
	struct source source;
	const struct layer_entry *entries; /* ascending numbers, no duplicates */
	size_t entry_count;
};

enum layer_level layer_level_of(const struct layer *layer, uint32_t number);
const char *layer_level_name(enum layer_level level);
int layer_level_from_name(const char *name); /* -1 when there is none of that name */
const char *layer_policy_name(enum layer_policy policy);
int layer_policy_from_name(const char *name); /* -1 when there is none of that name */
