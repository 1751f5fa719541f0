/*
 * A dense switch: each number stands in a block that only a jump table leads to.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib -fjump-tables
 * exact: getpid getppid getuid geteuid getgid getegid gettid exit
 */
#include "freestanding.h"
static NOINLINE long pick(int which)
{
	switch (which) {
	case 0: return call0(__NR_getpid) + 1;
	case 1: return call0(__NR_getppid) * 3;
	case 2: return call0(__NR_getuid) - 7;
	case 3: return call0(__NR_geteuid) ^ 5;
	case 4: return call0(__NR_getgid) | 9;
	case 5: return call0(__NR_getegid) & 6;
	case 6: return call0(__NR_gettid) << 2;
	}
	return 0;
}
volatile int which = 3;
START(pick(which))
;
