/*
 * Without names with $ORIGIN it is the environment alone that may hold some.
 * build: gcc -O1 -Wl,-rpath,/nowhere
 * tier: exact
 * must: openat
 * never: readlink uname
 */
#include <dlfcn.h>
int main(void) { return dlopen("libm.so.6", RTLD_NOW) == 0; }
