/*
 * The 32-bit entry has i386's numbers: 20 is getpid, 24 is getuid.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * no-run: kernels without 32-bit emulation kill it
 * exact: getpid exit
 */
#include "freestanding.h"
START({
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
})
;
