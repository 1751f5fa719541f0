/*
 * A virtual call through a vtable.
 * build: g++ -O1 -fno-pie -no-pie -static -nostdlib -fno-rtti -fno-exceptions
 * exact: getpid getuid exit
 */
extern "C" {
#include "freestanding.h"
}
struct base { virtual long run() = 0; };
struct one : base { __attribute__((noinline)) long run() override { return call0(__NR_getpid); } };
struct two : base { __attribute__((noinline)) long run() override { return call0(__NR_getuid); } };
extern "C" void __cxa_pure_virtual() { for (;;) ; }
static one first;
static two second;
base *volatile current = &first;
extern "C" {
START({
	current->run();
	current = &second;
	current->run();
});
}
