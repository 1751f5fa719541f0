/*
 * Functions left by a jump instead of a call.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid exit
 */
#include "freestanding.h"
static NOINLINE long last(long number) { return call0(number); }
static NOINLINE long direct(void) { return last(__NR_getpid); }
static NOINLINE long other(void) { return last(__NR_getuid); }
long (*volatile pointer)(void) = other;
static NOINLINE long indirect(void) { return pointer(); }
START({
	direct();
	indirect();
})
;
