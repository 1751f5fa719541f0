/*
 * A library loaded by a constant name, a function by dlsym.
 * library: gcc -O1 -shared -fPIC -o {dir}/libsysgapplugin.so {source}/libplugin.c
 * build: gcc -O1 -Wl,-rpath,$ORIGIN
 * must: vhangup
 */
#include <dlfcn.h>
int main(int argc, char **argv)
{
	(void)argv;
	void *handle = dlopen("libsysgapplugin.so", RTLD_NOW);
	long (*run)(void) = handle ? (long (*)(void))dlsym(handle, "plugin_run") : 0;
	return run && argc > 5 ? (int)run() : 0;
}
