/*
 * gcc moves the unlikely half of a function to a part of its own (".cold"), with its own unwind
 * entry, and jumps there.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib -freorder-blocks-and-partition
 * exact: getpid getuid exit
 */
#include "freestanding.h"
static __attribute__((cold, noinline)) void rare(void) { __asm__ volatile(""); }
static NOINLINE long work(int a)
{
	if (__builtin_expect(a != 0, 0)) {
		rare();
		return call0(__NR_getuid);
	}
	return call0(__NR_getpid);
}
volatile int v;
START(work(v))
;
