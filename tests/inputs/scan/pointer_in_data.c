/*
 * A function pointer in a struct in .data, passed on by its address.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * exact: getpid exit
 */
#include "freestanding.h"
struct operations { long (*open)(void); long (*close)(void); };
static NOINLINE long do_open(void) { return call0(__NR_getpid); }
struct operations operations = { do_open, 0 };
static NOINLINE long use(struct operations *o) { return o->open(); }
START(use(&operations))
;
