/*
 * sysconf(_SC_PAGESIZE) does not read /proc; the real libc's guarded switch.
 * build: gcc -O1
 * must: exit_group
 * never: sched_setaffinity reboot mount ptrace
 */
#include <unistd.h>
int main(void) { return sysconf(_SC_PAGESIZE) == 0; }
