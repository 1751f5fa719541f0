#pragma once

#include "scan/inputs.h"

enum { SITES_MAX_PER_NUMBER = 64 }; /* of a call that are kept */

/* From a live syscall instruction to its numbers and operations. */
void numbers_use(struct closure *closure, struct node *node, const struct fact *fact);

/* Which argument of a syscall selects its operation; -1: none. */
int numbers_selector(enum arch arch, uint64_t number);

/* Keeps a fact for later, once. */
void happenings_add(struct closure *closure, struct happenings *list, struct node *node,
		    const struct fact *fact);

/*
 * Once nothing more becomes live: numbers that come through pointers, as far as can be told. What
 * they are passed to waits to be looked at again.
 */
void numbers_guess(struct closure *closure);
