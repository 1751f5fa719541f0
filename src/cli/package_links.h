#pragma once

#include "metrics/completeness.h"
#include "store/package.h"

/*
 * Which packages of the store a package must have beside it: a row for each of them, also for
 * libraries.
 *
 * out_outside   dependencies that nothing in the store could meet; they are not counted
 */
struct dependencies package_links(const struct stored_packages *stored, struct arena *arena,
				  size_t *out_outside);
