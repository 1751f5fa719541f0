#pragma once

/* Programs without a libc: every syscall in them is one of ours, so their sets are known exactly. */
#include <asm/unistd.h>

static inline __attribute__((always_inline)) long call0(long number)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long call1(long number, long a)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a) : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline, noreturn)) void leave(long code)
{
	for (;;)
		call1(__NR_exit, code);
}

/* The entry point: main's value is the exit code. */
#define START(body)                                                                                \
	__attribute__((noreturn, used)) void start_c(long *stack)                                  \
	{                                                                                          \
		(void)stack;                                                                       \
		body;                                                                              \
		leave(0);                                                                          \
	}                                                                                          \
	__asm__(".globl _start\n.type _start,@function\n_start:\n\tmov %rsp,%rdi\n\tand "           \
		"$-16,%rsp\n\tcall start_c\n")

#define NOINLINE __attribute__((noinline, noclone))
