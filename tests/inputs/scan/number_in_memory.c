/*
 * The number is stored in a struct that another function reads, as glibc does for setxid.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * must: getpid getuid exit
 */
#include "freestanding.h"
struct command { long number; long id; };
static NOINLINE long carry_out(struct command *command) { return call1(command->number, command->id); }
static NOINLINE long set(long number) { struct command command = { number, 5 }; return carry_out(&command); }
START({
	set(__NR_getpid);
	set(__NR_getuid);
})
;
