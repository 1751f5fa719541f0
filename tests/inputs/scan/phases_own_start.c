/*
 * A start of its own, which does not say what main is: nothing is known to be before it.
 * build: gcc -O1 -ffreestanding -nostdlib -static -fno-stack-protector
 * phases: unknown
 * exact: getpid exit
 */
#include "freestanding.h"

void _start(void)
{
	long pid = call0(__NR_getpid);
	leave(pid == 0);
}
