/*
 * A table of structs whose function pointers are reached from an address inside the first one.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid getgid exit
 */
#include "freestanding.h"
struct module { long kind; const char *name; long (*run)(void); long more[3]; };
static NOINLINE long a(void) { return call0(__NR_getpid); }
static NOINLINE long b(void) { return call0(__NR_getuid); }
static NOINLINE long c(void) { return call0(__NR_getgid); }
struct module table[] = { { 1, "a", a, { 0 } }, { 2, "b", b, { 0 } }, { 3, "c", c, { 0 } } };
volatile int count = 3;
START({
	for (int i = 0; i < count; i++)
		table[i].run();
})
;
