/*
 * A function of a library that is there from the start, found by its name: directly, and through
 * a function of the program's own.
 * build: gcc -O1 -D_GNU_SOURCE
 * must: getppid times
 * never: sethostname
 */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/times.h>
typedef long simple(void *);
__attribute__((noinline)) static void *find(const char *name) { return dlsym(RTLD_DEFAULT, name); }
int main(void)
{
	static struct tms spent;
	simple *parent = (simple *)dlsym(RTLD_DEFAULT, "getppid");
	simple *clock = (simple *)find("times");
	return parent == NULL || clock == NULL || parent(NULL) < 0 || clock(&spent) < 0;
}
