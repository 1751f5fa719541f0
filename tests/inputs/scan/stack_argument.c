/*
 * The number is a 7th argument, on the stack, as in glibc 2.41's cancellation points.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid exit
 */
#include "freestanding.h"
static NOINLINE long wrapper(long a, long b, long c, long d, long e, long f, long number)
{
	(void)b; (void)c; (void)d; (void)e; (void)f;
	return call1(number, a);
}
volatile long v;
START({
	wrapper(v, v, v, v, v, v, __NR_getpid);
	wrapper(v, v, v, v, v, v, __NR_getuid);
})
;
