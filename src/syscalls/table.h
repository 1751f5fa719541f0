#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "facts/arch.h"

enum {
	SYSCALL_NUMBER_LIMIT = 1024, /* every number of every table is below; a range for bitsets */
	SYSCALL_X32_BIT = 0x40000000,
	SYSCALL_NAME_BYTES = 32, /* room for any name that syscall_name writes */
};

/* One Linux syscall on all architectures. */
struct syscall {
	const char *name;
	const char *since; /* kernel version, "5.9"; NULL: never in mainline, or not documented */
	int16_t numbers[ARCH_COUNT]; /* -1: the architecture does not have it */
	int16_t x32_number;          /* without SYSCALL_X32_BIT; -1: x32 uses x86_64's */
};

/* All, by name. */
size_t syscall_count(void);
const struct syscall *syscall_at(size_t index);

/*
 * Finders; NULL when there is none. A number with SYSCALL_X32_BIT is an x32 number of x86_64. A
 * name may also be an alias of data/syscalls/aliases.in ("pread"), unless it is itself a name.
 */
const struct syscall *syscall_by_number(enum arch arch, uint32_t number);
const struct syscall *syscall_by_name(struct slice name);

/*
 * The number of a name on an architecture, also for the names that syscall_name makes up.
 * out_number   written only when true is returned
 */
bool syscall_number_of(enum arch arch, struct slice name, uint32_t *out_number);

/*
 * The name of a number: that of the table, or "syscall_N" when there is none.
 * buffer       SYSCALL_NAME_BYTES; used only for a name that is made up
 * returns      buffer, or a string that lives as long as the program
 */
const char *syscall_name(enum arch arch, uint32_t number, char *buffer);
