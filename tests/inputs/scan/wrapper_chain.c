/*
 * The number goes through three functions before it is used; only constants reach the first.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid getppid exit
 */
#include "freestanding.h"
static NOINLINE long third(long unused, long number) { (void)unused; return call0(number); }
static NOINLINE long second(long number) { __asm__ volatile(""); return third(7, number) + 1; }
static NOINLINE long first(long number, int twice) { return twice ? second(number) + second(number) : second(number); }
volatile int flag;
START({
	first(__NR_getpid, flag);
	first(flag ? __NR_getuid : __NR_getppid, 1);
})
;
