#include "../check.h"

#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "syscalls/table.h"

static const uint32_t oracle_arch[ARCH_COUNT] = {
	[ARCH_X86_64] = SCMP_ARCH_X86_64,
	[ARCH_AARCH64] = SCMP_ARCH_AARCH64,
	[ARCH_RISCV64] = SCMP_ARCH_RISCV64,
	[ARCH_I386] = SCMP_ARCH_X86,
};

/* libseccomp 2.5.4 knows the calls up to Linux 5.17; what it knows must be the same here. */
static void agrees_with_libseccomp_on_every_number(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		size_t known = 0;
		for (uint32_t number = 0; number < SYSCALL_NUMBER_LIMIT; number++) {
			char *theirs =
			    seccomp_syscall_resolve_num_arch(oracle_arch[arch], (int)number);
			const struct syscall *ours = syscall_by_number((enum arch)arch, number);
			if (theirs != NULL) {
				known++;
				if (ours == NULL || strcmp(ours->name, theirs) != 0)
					fail_msg("%s %u: libseccomp says %s, we %s",
						 arch_name((enum arch)arch), number, theirs,
						 ours == NULL ? "nothing" : ours->name);
			}
			free(theirs);
		}
		assert_true(known > 290);
	}
}

static void agrees_with_libseccomp_on_every_name(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		for (size_t i = 0; i < syscall_count(); i++) {
			const struct syscall *ours = syscall_at(i);
			int theirs =
			    seccomp_syscall_resolve_name_arch(oracle_arch[arch], ours->name);
			if (theirs >= 0 && theirs != ours->numbers[arch])
				fail_msg("%s %s: libseccomp says %d, we %d",
					 arch_name((enum arch)arch), ours->name, theirs,
					 ours->numbers[arch]);
		}
	}
}

static void agrees_with_libseccomp_on_x32(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < SYSCALL_NUMBER_LIMIT; number++) {
		uint32_t full = number | SYSCALL_X32_BIT;
		char *theirs = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X32, (int)full);
		const struct syscall *ours = syscall_by_number(ARCH_X86_64, full);
		if (theirs != NULL && (ours == NULL || strcmp(ours->name, theirs) != 0))
			fail_msg("x32 %u: libseccomp says %s, we %s", number, theirs,
				 ours == NULL ? "nothing" : ours->name);
		free(theirs);
	}
}

static void is_complete_to_linux_6_12(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int number;
	} newest[] = { { "cachestat", 451 },        { "fchmodat2", 452 },
		       { "futex_requeue", 456 },    { "listmount", 458 },
		       { "lsm_list_modules", 461 }, { "mseal", 462 },
		       { "removexattrat", 466 },    { "file_setattr", 469 } };
	for (size_t i = 0; i < sizeof(newest) / sizeof(newest[0]); i++) {
		const struct syscall *found = syscall_by_name(slice_of_string(newest[i].name));
		assert_non_null(found);
		for (int arch = 0; arch < ARCH_COUNT; arch++)
			assert_int_equal(found->numbers[arch], newest[i].number);
		assert_non_null(found->since);
	}
	assert_string_equal(syscall_by_number(ARCH_X86_64, 335)->name, "uretprobe");
	assert_string_equal(syscall_by_number(ARCH_X86_64, 435)->since, "5.3");
}

static void makes_up_names_that_it_understands(void **state)
{
	(void)state;
	char buffer[SYSCALL_NAME_BYTES];
	uint32_t number;
	assert_string_equal(syscall_name(ARCH_X86_64, 900, buffer), "syscall_900");
	assert_true(syscall_number_of(ARCH_X86_64, slice_of_string("syscall_900"), &number));
	assert_int_equal(number, 900);
	assert_string_equal(syscall_name(ARCH_X86_64, UINT32_MAX, buffer), "syscall_4294967295");
	assert_false(syscall_number_of(ARCH_X86_64, slice_of_string("syscall_"), &number));
	assert_false(
	    syscall_number_of(ARCH_X86_64, slice_of_string("syscall_4294967296"), &number));
	assert_false(syscall_number_of(ARCH_AARCH64, slice_of_string("open"), &number));
	assert_false(syscall_number_of(ARCH_X86_64, (struct slice){ 0 }, &number));
}

static void knows_aliases_but_prefers_names(void **state)
{
	(void)state;
	uint32_t number;
	assert_true(syscall_number_of(ARCH_X86_64, slice_of_string("pread"), &number));
	assert_int_equal(number, 17);
	assert_true(syscall_number_of(ARCH_I386, slice_of_string("umount"), &number));
	assert_int_equal(number, 22); /* i386 has a call of that name */
}

RUN_TESTS(cmocka_unit_test(agrees_with_libseccomp_on_every_number),
	  cmocka_unit_test(agrees_with_libseccomp_on_every_name),
	  cmocka_unit_test(agrees_with_libseccomp_on_x32),
	  cmocka_unit_test(is_complete_to_linux_6_12),
	  cmocka_unit_test(makes_up_names_that_it_understands),
	  cmocka_unit_test(knows_aliases_but_prefers_names))
