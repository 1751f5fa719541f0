#pragma once

#include "scan/inputs.h"

/* From a live syscall instruction to its numbers and operations. */
void numbers_use(struct closure *closure, const struct node *node, const struct fact *fact);

/* Keeps a fact for later, once. */
void happenings_add(struct closure *closure, struct happenings *list, struct node *node,
		    const struct fact *fact);

/*
 * Once nothing more becomes live: numbers that come through pointers, as far as can be told. What
 * they are passed to waits to be looked at again.
 */
void numbers_guess(struct closure *closure);
