/*
 * Flags that a function changes and hands to itself: what it does not touch is still its caller's.
 * The words lie behind a frame pointer when the stack pointer is unknown after alloca.
 * build: gcc -O1 -fno-omit-frame-pointer -fcf-protection=none -fno-stack-protector -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid getgid times exit
 */
#include "freestanding.h"
NOINLINE static void fill(char *bytes) { __asm__ volatile("" : : "r"(bytes) : "memory"); }
NOINLINE static long walk(volatile long *out, int flags, long depth)
{
	char bytes[depth * 16 + 16];
	if (depth > 3)
		return 1;
	fill(bytes);
	if (depth == 2)
		flags |= 0x2000000;
	if (depth == 1)
		flags &= ~0x10000000;
	if ((flags & 0x10000000) != 0)
		*out += call0(__NR_getpid);
	if ((flags & 0x5000000) != 0) /* nobody asks for it */
		*out += call0(__NR_reboot);
	if ((flags & 0x2000000) != 0)
		*out += call0(__NR_getuid);
	if ((flags & 0x20) != 0)
		*out += call0(__NR_getgid);
	if ((flags & 0x4) != 0)
		*out += call0(__NR_times);
	return walk(out, (flags & ~0x830830) | 0x20, depth + 1) +
	       walk(out, (flags & 0x12010041) | 0x4, depth + 2);
}
volatile long cell;
START({ cell = walk(&cell, 0x10000000, cell); })
;
