#include "disasm/sweep.h"

#include "disasm/sweepers.h"

bool sweep_init(struct sweep *sweep, enum arch arch, struct slice code, uint64_t va)
{
	*sweep = (struct sweep){ .code = code, .va = va, .arch = arch };
	return arch == ARCH_X86_64 || arch == ARCH_AARCH64;
}

size_t sweep_next(struct sweep *sweep, struct sweep_event *out_events, size_t capacity)
{
	if (sweep->arch == ARCH_AARCH64)
		return aarch64_sweep(sweep, out_events, capacity);
	return x86_64_sweep(sweep, out_events, capacity);
}
