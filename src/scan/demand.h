#pragma once

#include "scan/closure.h"

/*
 * A function as a program's closure looks at it: its values are followed when it has a syscall, and
 * when it calls something that wants to know what it is given: the number or operation of a syscall,
 * or which of many cases of a switch. This only decides what is followed more closely; the facts of a
 * function whose values are not followed are a superset.
 */
const struct function *demand_function(struct closure *closure, size_t module, uint64_t va);
