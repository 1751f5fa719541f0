#include "facts/arch.h"

#include <stddef.h>
#include <string.h>

static const struct arch_names {
	const char *name;
	const char *alias;
} names[ARCH_COUNT] = {
	[ARCH_X86_64] = { "x86_64", "amd64" },
	[ARCH_AARCH64] = { "aarch64", "arm64" },
	[ARCH_RISCV64] = { "riscv64", "riscv64" },
	[ARCH_I386] = { "i386", "x86" },
};

const char *arch_name(enum arch arch)
{
	return names[arch].name;
}

int arch_from_name(const char *name)
{
	for (int i = 0; i < ARCH_COUNT; i++)
		if (strcmp(names[i].name, name) == 0 || strcmp(names[i].alias, name) == 0)
			return i;
	return ARCH_UNKNOWN;
}
