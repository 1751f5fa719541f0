#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "facts/arch.h"

/* What the value of an operation is made of. */
enum operation_form {
	OPERATION_SELECTOR, /* the one argument that selects it, as static analysis has it */
	OPERATION_OBSERVED, /* where two select, as in setsockopt: level << 32 | name */
};

/*
 * The name of an operation as strace and the kernel's headers write it: "TCGETS", names of the same
 * number "DRM_IOCTL_I810_FLUSH or DRM_IOCTL_MGA_SWAP", flags "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME",
 * two arguments "SOL_SOCKET:SO_REUSEADDR", an ioctl request without name
 * "_IOC(_IOC_READ, 0x54, 0x99, 0x4)", anything else without name its number, "0x63".
 *
 * number   of the syscall
 * returns  in the arena
 */
const char *operation_name(enum arch arch, uint32_t number, enum operation_form form,
			   uint64_t value, struct arena *arena);

/*
 * The value of what operation_name writes, of each of the names that it joins with "or", and of a
 * number in decimal or hexadecimal.
 *
 * out_value   written only when true is returned
 */
bool operation_value_of(enum arch arch, uint32_t number, enum operation_form form,
			struct slice name, uint64_t *out_value);

/* All names, for tests and for guesses of what a mistyped one was to be. */
size_t operation_count(void);
const char *operation_at(size_t index, const char **out_set);
