#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

/* What must hold of every input. */
static inline void check(bool condition)
{
	if (!condition)
		abort();
}
