/*
 * Function pointers copied two at a time with vector registers.
 * build: gcc -O3 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid getgid getegid exit
 */
#include "freestanding.h"
typedef long (*function)(void);
static NOINLINE long a(void) { return call0(__NR_getpid); }
static NOINLINE long b(void) { return call0(__NR_getuid); }
static NOINLINE long c(void) { return call0(__NR_getgid); }
static NOINLINE long d(void) { return call0(__NR_getegid); }
struct operations { function calls[4]; };
static const struct operations initial = { { a, b, c, d } };
struct operations current;
volatile int which;
START({
	current = initial;
	current.calls[which]();
})
;
