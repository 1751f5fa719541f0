#pragma once

#include "scan/closure.h"

/*
 * Decides whether a function's values are followed, before it is live: they are when it has a
 * syscall, and when it calls something that wants to know what it is given: the number or operation
 * of a syscall, which of many cases of a switch, or a library's name. This only decides what is
 * followed more closely; the facts of a function whose values are not followed are a superset.
 */
void demand_follow(struct closure *closure, struct node *node);
