/*
 * The number is loaded from a constant table at an index known only at run time.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * must: getpid getppid getuid exit
 */
#include "freestanding.h"
static const int numbers[] = { __NR_getpid, __NR_getppid, __NR_getuid };
volatile unsigned index;
START(call0(numbers[index % 3]))
;
