/*
 * Code that only an exception leads to: a landing pad.
 * build: g++ -O2
 * must: vhangup getpgrp
 */
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>
struct cleaner { ~cleaner() { syscall(SYS_getpgrp); } };
__attribute__((noinline)) static void thrower(int a) { if (a < 100) throw std::runtime_error("x"); }
int main(int argc, char **)
{
	try {
		cleaner local;
		thrower(argc);
	} catch (const std::exception &) {
		return argc > 5 ? (int)syscall(SYS_vhangup) : 0;
	}
	return 0;
}
