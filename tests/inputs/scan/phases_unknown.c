/*
 * A second libc, which only dlmopen loads, starts while main runs: nothing is known to be before it.
 * build: gcc -O1
 * phases: unknown
 * must: arch_prctl set_tid_address
 */
#define _GNU_SOURCE
#include <dlfcn.h>

int main(void)
{
	return dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW) == (void *)0;
}
