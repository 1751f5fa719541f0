/*
 * Code that nothing reaches, and a pointer that only it takes.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * exact: getpid exit
 */
#include "freestanding.h"
__attribute__((used, noinline)) static long dead(void) { return call0(__NR_reboot); }
long (*dead_pointer)(void);
__attribute__((used, noinline)) static void dead_too(void) { dead_pointer = dead; }
START(call0(__NR_getpid))
;
