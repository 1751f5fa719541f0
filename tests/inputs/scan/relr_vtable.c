/*
 * Function pointers in a constant table that only DT_RELR relocates; a second table belongs to
 * code that is dead.
 * needs: ld.lld
 * build: gcc -O1 -fPIE -pie -static-pie -nostdlib -fuse-ld=lld -Wl,--pack-dyn-relocs=relr -Wl,-e,_start
 * no-run: nobody applies its relocations
 * exact: getpid getuid exit
 */
#include "freestanding.h"
static NOINLINE long a(void) { return call0(__NR_getpid); }
static NOINLINE long b(void) { return call0(__NR_getuid); }
static NOINLINE long c(void) { return call0(__NR_getppid); }
static long (*const live[])(void) = { a, b };
static long (*const dead[])(void) = { c, c };
volatile int selector;
__attribute__((used, noinline)) static long unreachable(void) { return dead[selector](); }
START(live[selector & 1]())
;
