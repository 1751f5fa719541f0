/*
 * An x32 number: bit 30 is set, the call is the same.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * exact: getpid exit
 */
#include "freestanding.h"
START(call0(0x40000000 + __NR_getpid))
;
