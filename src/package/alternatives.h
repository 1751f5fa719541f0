#pragma once

#include "base/arena.h"
#include "base/slice.h"

/* A link that a package has made when it is installed, and that no package lists. */
struct alternative {
	const char *link;
	const char *target;
};

/*
 * The links of "update-alternatives --install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…" in
 * a maintainer script. What the shell would have to work out first is passed over.
 *
 * returns   in the arena; length in out_count
 * source    update-alternatives(1)
 */
const struct alternative *alternatives_parse(struct slice script, struct arena *arena,
					     size_t *out_count);
