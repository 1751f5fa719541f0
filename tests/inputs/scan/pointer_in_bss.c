/*
 * A function pointer stored in .bss at start-up, called later.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid exit
 */
#include "freestanding.h"
long (*handlers[4])(void);
static NOINLINE long a(void) { return call0(__NR_getpid); }
static NOINLINE long b(void) { return call0(__NR_getuid); }
static NOINLINE void install(int i, long (*handler)(void)) { handlers[i] = handler; }
volatile int which;
START({
	install(0, a);
	install(1, b);
	handlers[which]();
})
;
