/*
 * An indirect function: the resolver runs at start-up, each choice may be taken.
 * build: gcc -O1
 * must: vhangup getpgrp
 */
#include <sys/syscall.h>
#include <unistd.h>
static long plain(void) { return syscall(SYS_vhangup); }
static long fancy(void) { return syscall(SYS_getpgrp); }
static void *resolve(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") ? (void *)plain : (void *)fancy;
}
long chosen(void) __attribute__((ifunc("resolve")));
int main(int argc, char **argv) { (void)argv; return argc > 5 ? (int)chosen() : 0; }
