/*
 * Names that ld.so needs folders for: the program's own, and the current one.
 * build: gcc -O1 -Wl,-rpath,$ORIGIN
 * tier: exact
 * must: readlink getcwd
 */
#include <dlfcn.h>
int main(void) { return dlopen("./libnothing.so", RTLD_NOW) != 0; }
