/*
 * musl, linked statically: almost no unwind entries, numbers through its own helpers.
 * needs: musl-gcc
 * build: musl-gcc -O1 -static
 * must: writev exit_group
 * never: reboot mount ptrace
 * at-most: 60
 * phases: unknown
 */
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
