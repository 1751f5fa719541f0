/*
 * Only one case of a switch is ever asked for, by a constant.
 * build: gcc -O2 -fno-pie -no-pie -static -nostdlib
 * exact: getpid getuid exit
 */
#include "freestanding.h"
static NOINLINE long query(int what, long *out)
{
	switch (what) {
	case 1: return call0(__NR_getpid) + *out;
	case 2: return call0(__NR_sysinfo);
	case 3: return call0(__NR_times) + 2;
	case 4: return call0(__NR_getrusage) - 1;
	case 84: return call0(__NR_sched_getaffinity) * 2;
	}
	if (what > 200)
		return call0(__NR_reboot);
	return call0(__NR_getuid);
}
long cell;
START({
	query(1, &cell);
	query(7, &cell);
})
;
