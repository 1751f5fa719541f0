#pragma once

#include "callgraph/function.h"

enum { FLOW_MAX_INSTRUCTIONS = 200000, FLOW_FREE_VISITS = 24, FLOW_MAX_VISITS = 48 };

/*
 * Follows the code from an entry through all its blocks, wherever they lie, and the values in it.
 * Runs of code that are only entered through a jump that could not be resolved, or by unwinding,
 * are followed with nothing known. A function of more than FLOW_MAX_INSTRUCTIONS gets the facts of
 * the pass over all code (swept.h): none is lost, only what they depend on and pass.
 *
 * arena     the facts' memory
 * scratch   for the work; may be finished afterwards
 */
struct function flow_function(const struct image *image, uint64_t va, struct arena *arena,
			      struct arena *scratch);
