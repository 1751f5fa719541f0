/*
 * The same through a table of 32-bit offsets, as position-independent code has it; the number is
 * chosen by one switch and used after it.
 * build: gcc -O2 -fPIE -pie -static-pie -nostdlib -fjump-tables
 * exact: getpid getppid getuid geteuid getgid getegid gettid exit
 */
#include "freestanding.h"
static NOINLINE long pick(int which)
{
	long number;
	switch (which) {
	case 0: number = __NR_getpid; break;
	case 1: number = __NR_getppid; break;
	case 2: number = __NR_getuid; break;
	case 3: number = __NR_geteuid; break;
	case 4: number = __NR_getgid; __asm__ volatile(""); break;
	case 5: number = __NR_getegid; break;
	case 6: number = __NR_gettid; break;
	default: return 0;
	}
	return call0(number);
}
volatile int which = 3;
START(pick(which))
;
