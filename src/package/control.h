#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "facts/package.h"

enum { CONTROL_MAX_BYTES = 64 << 20 }; /* dpkg's status of a full installation has 5 MB */

/*
 * Cuts the next stanza off a file of control fields; empty lines part them.
 * Source: deb822(5).
 */
bool control_next_stanza(struct slice *rest, struct slice *out_stanza);

/* The value of a field, continuation lines included; false when it is not there. Case-blind. */
bool control_field(struct slice stanza, const char *name, struct slice *out_value);

/* The package of a stanza, copied into the arena; false: it has no name or no version. */
bool control_package(struct slice stanza, struct arena *arena, struct package *out_package);
