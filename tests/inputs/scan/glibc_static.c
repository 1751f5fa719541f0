/*
 * glibc, linked statically and stripped.
 * build: gcc -O1 -static -s
 * must: write exit_group newfstatat
 * never: reboot mount ptrace
 * at-most: 70
 */
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
