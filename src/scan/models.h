#pragma once

#include "scan/closure.h"

/*
 * What is known of the insides of C libraries and code cannot tell: which words of memory, set by
 * which functions, make it do a call. One small table, used with glibc 2.36 only.
 * tests/soundness/gates.py goes back from each call to all that reach it; programs that ask and
 * that do not are in tests/inputs/scan/model_*.c and tests/soundness/features.c.
 */

/* Whether the module is the C library whose insides are known: glibc 2.36. */
bool model_is_known_libc(struct closure *closure, size_t module);

/* Whether the table says something of calls or pointers to the function: asked once for each. */
bool model_knows(struct closure *closure, size_t module, uint32_t number);

/*
 * Whether a syscall instruction of the node may have this number, with what is live by now: glibc
 * makes some calls only on behalf of functions that ask for them.
 */
bool model_allows(struct closure *closure, const struct node *node, enum arch arch,
		  uint32_t number);

/* Likewise whether a live function of a file calls another one of it. */
bool model_allows_call(struct closure *closure, const struct node *caller,
		       const struct node *callee);

/* Whether its callers in libc call it for some of their flags: a reason to follow their values. */
bool model_is_for_flags(struct closure *closure, size_t module, uint32_t number);

/* The first tier with what asks for the call, with what is live by now: LD_PROFILE is none's. */
enum tier model_tier(struct closure *closure, const struct node *node, enum arch arch,
		     uint32_t number);

/*
 * Whether a function whose address is taken may be called: libc has the functions of two name
 * services built in, which are called by the name of what is looked up.
 */
bool model_may_point_to(struct closure *closure, const struct node *node);
