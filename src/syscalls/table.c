/*
 * Syscall names and numbers. The arrays are made from data/syscalls/ when sysgap is built;
 * tests/unit/syscalls checks them against libseccomp's resolver.
 */
#include "syscalls/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "syscalls/table.inc"

enum {
	RECORD_COUNT = sizeof(records) / sizeof(records[0]),
	ALIAS_COUNT = sizeof(aliases) / sizeof(aliases[0]),
};

static const char made_up_prefix[] = "syscall_";

size_t syscall_count(void)
{
	return RECORD_COUNT;
}

const struct syscall *syscall_at(size_t index)
{
	return &records[index];
}

const struct syscall *syscall_by_number(enum arch arch, uint32_t number)
{
	static const short *const tables[ARCH_COUNT] = {
		[ARCH_X86_64] = by_number_x86_64,
		[ARCH_AARCH64] = by_number_aarch64,
		[ARCH_RISCV64] = by_number_riscv64,
		[ARCH_I386] = by_number_i386,
	};
	const short *table = tables[arch];
	if (arch == ARCH_X86_64 && (number & SYSCALL_X32_BIT) != 0) {
		number &= ~(uint32_t)SYSCALL_X32_BIT;
		if (number < SYSCALL_NUMBER_LIMIT && by_number_x32[number] != 0)
			table = by_number_x32;
	}
	if (number >= SYSCALL_NUMBER_LIMIT || table[number] == 0)
		return NULL;
	return &records[table[number] - 1];
}

static int compare_record(const void *key, const void *element)
{
	return slice_compare_string(*(const struct slice *)key,
				    ((const struct syscall *)element)->name);
}

static int compare_alias(const void *key, const void *element)
{
	return slice_compare_string(*(const struct slice *)key,
				    ((const struct alias *)element)->alias);
}

const struct syscall *syscall_by_name(struct slice name)
{
	const struct syscall *record =
	    bsearch(&name, records, RECORD_COUNT, sizeof(records[0]), compare_record);
	if (record != NULL)
		return record;
	const struct alias *alias =
	    bsearch(&name, aliases, ALIAS_COUNT, sizeof(aliases[0]), compare_alias);
	return alias == NULL ? NULL : &records[alias->record];
}

bool syscall_number_of(enum arch arch, struct slice name, uint32_t *out_number)
{
	const struct syscall *record = syscall_by_name(name);
	if (record != NULL) {
		if (record->numbers[arch] < 0)
			return false;
		*out_number = (uint32_t)record->numbers[arch];
		return true;
	}
	size_t prefix_bytes = sizeof(made_up_prefix) - 1;
	if (name.size_bytes <= prefix_bytes ||
	    memcmp(name.bytes, made_up_prefix, prefix_bytes) != 0)
		return false;
	struct slice digits = { name.bytes + prefix_bytes, name.size_bytes - prefix_bytes };
	uint64_t number;
	if (!slice_parse_uint(digits, 10, &number) || number > UINT32_MAX)
		return false;
	*out_number = (uint32_t)number;
	return true;
}

const char *syscall_name(enum arch arch, uint32_t number, char *buffer)
{
	const struct syscall *record = syscall_by_number(arch, number);
	if (record != NULL)
		return record->name;
	(void)snprintf(buffer, SYSCALL_NAME_BYTES, "%s%u", made_up_prefix, number);
	return buffer;
}
