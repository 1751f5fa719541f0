#pragma once

#include "base/arena.h"
#include "facts/package.h"
#include "package/tar.h"

/* The members of a Debian package, checked to be there and in their order. Source: deb(5). */
struct deb {
	struct slice control; /* a compressed tar, inside the file */
	struct slice data;
};

/* The names of maintainer scripts, which the control member may have. Ends with NULL. */
extern const char *const deb_scripts[];

enum status deb_open(struct slice bytes, struct deb *out_deb, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/*
 * What the control member says.
 *
 * scripts   sees preinst, postinst (whole), prerm, postrm and config as entries; may be NULL
 */
enum status deb_read_control(const struct deb *deb, struct arena *arena,
			     const struct entry_sink *scripts, struct package *out_package,
			     struct error *err)
    __attribute__((warn_unused_result, nonnull(1, 2, 4, 5)));
