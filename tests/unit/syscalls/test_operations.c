#include "../check.h"

#include <stdio.h>
#include <stdlib.h>

#include "syscalls/operations.h"
#include "syscalls/table.h"

static uint32_t number_of(enum arch arch, const char *call)
{
	uint32_t number = 0;
	assert_true(syscall_number_of(arch, slice_of_string(call), &number));
	return number;
}

struct answer {
	const char *call;
	uint64_t value;
	const char *name;
};

/* What a number is called, and that the name leads back to it. */
static void check(enum arch arch, enum operation_form form, const struct answer *answers,
		  size_t count)
{
	struct arena arena = { 0 };
	for (size_t i = 0; i < count; i++) {
		uint32_t number = number_of(arch, answers[i].call);
		uint64_t back = UINT64_MAX;
		assert_string_equal(operation_name(arch, number, form, answers[i].value, &arena),
				    answers[i].name);
		assert_true(operation_value_of(arch, number, form, slice_of_string(answers[i].name),
					       &back));
		assert_int_equal(back, answers[i].value);
	}
	arena_finish(&arena);
}

#define CHECK(arch, form, answers)                                                                 \
	check(arch, form, answers, sizeof(answers) / sizeof((answers)[0]))

static void knows_what_the_headers_call_an_operation(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "ioctl", 0x5401, "TCGETS" },
		{ "ioctl", 0x5413, "TIOCGWINSZ" },
		{ "ioctl", 0x541b, "FIONREAD" },
		{ "ioctl", 0x5421, "FIONBIO" },
		{ "ioctl", 0x80045430, "TIOCGPTN" },
		{ "ioctl", 0x8933, "SIOCGIFINDEX" },
		{ "ioctl", 0xae80, "KVM_RUN" },
		{ "ioctl", 0x80081272, "BLKGETSIZE64" },
		{ "fcntl", 6, "F_SETLK" },
		{ "fcntl", 1030, "F_DUPFD_CLOEXEC" },
		{ "prctl", 15, "PR_SET_NAME" },
		{ "prctl", 0x53564d41, "PR_SET_VMA" },
		{ "arch_prctl", 0x1002, "ARCH_SET_FS" },
		{ "futex", 0, "FUTEX_WAIT" },
		{ "futex", 128, "FUTEX_WAIT_PRIVATE" },
		{ "madvise", 4, "MADV_DONTNEED" },
		{ "socket", 1, "AF_UNIX" },
		{ "prlimit64", 7, "RLIMIT_NOFILE" },
		{ "bpf", 5, "BPF_PROG_LOAD" },
		{ "keyctl", 11, "KEYCTL_READ" },
		{ "ptrace", 12, "PTRACE_GETREGS" },
		{ "epoll_ctl", 1, "EPOLL_CTL_ADD" },
		{ "clock_gettime", 1, "CLOCK_MONOTONIC" },
		{ "membarrier", 16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED" },
	};
	CHECK(ARCH_X86_64, OPERATION_SELECTOR, answers);
}

static void writes_flags_as_strace_does(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "futex", 393, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME" },
		{ "clone", 0x1200011, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD" },
		{ "clone", 0x4111, "CLONE_VM|CLONE_VFORK|SIGCHLD" },
		{ "semctl", 0x110, "IPC_64|SETVAL" },
		{ "flock", 6, "LOCK_EX|LOCK_NB" },
		{ "flock", 22, "LOCK_EX|LOCK_NB|0x10" },
		{ "mremap", 3, "MREMAP_MAYMOVE|MREMAP_FIXED" },
		{ "mremap", 0, "0" },
		{ "quotactl", 0x80000700, "QCMD(Q_GETQUOTA, USRQUOTA)" },
	};
	CHECK(ARCH_X86_64, OPERATION_SELECTOR, answers);
}

static void writes_both_arguments_when_two_select(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "mmap", 0x300000022, "PROT_READ|PROT_WRITE:MAP_PRIVATE|MAP_ANONYMOUS" },
		{ "mmap", 0x4812, "PROT_NONE:MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE|MAP_NORESERVE" },
		{ "mmap", 0x500000812, "PROT_READ|PROT_EXEC:MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE" },
		{ "socket", 0x200000001, "AF_INET:SOCK_STREAM" },
		{ "socket", 1, "AF_UNSPEC:SOCK_STREAM" },
		{ "setsockopt", 0x100000002, "SOL_SOCKET:SO_REUSEADDR" },
		{ "setsockopt", 0x600000001, "SOL_TCP:TCP_NODELAY" },
		{ "setsockopt", 0x290000001a, "SOL_IPV6:IPV6_V6ONLY" },
		{ "setsockopt", 0x100000386, "SOL_SOCKET:0x386" },
		{ "getsockopt", 0x4d0000001a, "0x4d:0x1a" },
		{ "ioctl", 0x5401, "TCGETS" },
	};
	CHECK(ARCH_X86_64, OPERATION_OBSERVED, answers);
}

static void shows_a_number_that_has_no_name(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "ioctl", 0x5499, "_IOC(_IOC_NONE, 0x54, 0x99, 0)" },
		{ "ioctl", 0x80045499, "_IOC(_IOC_READ, 0x54, 0x99, 0x4)" },
		{ "ioctl", 0xffffffff, "_IOC(_IOC_READ|_IOC_WRITE, 0xff, 0xff, 0x3fff)" },
		{ "fcntl", 99, "0x63" },
		{ "futex", 99, "0x63" },
		{ "prctl", 0xffffffff, "0xffffffff" },
		{ "madvise", 0x100000004, "0x100000004" },
		{ "read", 7, "0x7" },
	};
	CHECK(ARCH_X86_64, OPERATION_SELECTOR, answers);
}

static void names_differ_by_architecture(void **state)
{
	(void)state;
	static const struct answer aarch64[] = {
		{ "ioctl", 0x5401, "TCGETS" },
		{ "ptrace", 12, "0xc" },
		{ "ptrace", 33, "PTRACE_PEEKMTETAGS" },
		{ "ioctl", 0x4004aec2, "KVM_ARM_VCPU_FINALIZE" },
	};
	CHECK(ARCH_AARCH64, OPERATION_SELECTOR, aarch64);
	static const struct answer i386[] = {
		{ "fcntl", 13, "F_SETLK64" },
		{ "ioctl", 0x80041272, "BLKGETSIZE64" },
	};
	CHECK(ARCH_I386, OPERATION_SELECTOR, i386);
	uint64_t value = 1;
	assert_false(operation_value_of(ARCH_AARCH64, number_of(ARCH_AARCH64, "ptrace"),
					OPERATION_SELECTOR, slice_of_string("PTRACE_GETREGS"),
					&value));
	assert_int_equal(value, 1);
}

static void shows_all_names_of_one_number(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "ioctl", 0x40046445, "DRM_IOCTL_I915_IRQ_WAIT or DRM_IOCTL_MSM_GEM_CPU_FINI" },
		{ "ioctl", 0x5402, "TCSETS or SNDCTL_TMR_START" },
	};
	CHECK(ARCH_X86_64, OPERATION_SELECTOR, answers);
}

static void understands_names_that_it_does_not_show(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "ioctl", 0x541b, "TIOCINQ" }, { "ioctl", 0x541b, "0x541b" },
		{ "ioctl", 0x541b, "21531" },   { "ioctl", 0x5402, "SNDCTL_TMR_START" },
		{ "socket", 1, "AF_LOCAL" },    { "futex", 129, "FUTEX_WAKE|FUTEX_PRIVATE_FLAG" },
		{ "bpf", 10, "BPF_PROG_RUN" },
	};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		uint64_t value = UINT64_MAX;
		assert_true(operation_value_of(ARCH_X86_64, number_of(ARCH_X86_64, answers[i].call),
					       OPERATION_SELECTOR, slice_of_string(answers[i].name),
					       &value));
		assert_int_equal(value, answers[i].value);
	}
}

static void refuses_what_is_no_operation(void **state)
{
	(void)state;
	static const struct {
		const char *call;
		const char *name;
	} words[] = { { "ioctl", "" },
		      { "ioctl", "TCGETZ" },
		      { "ioctl", "TCGETS|" },
		      { "ioctl", "|" },
		      { "ioctl", "0x" },
		      { "ioctl", "_IOC(_IOC_READ, 0x54, 0x99)" },
		      { "ioctl", "_IOC(_IOC_READ, 0x54, 0x99, 0x4000)" },
		      { "ioctl", "_IOC(_IOC_SOME, 0x54, 0x99, 0x4)" },
		      { "ioctl", "_IOC()" },
		      { "ioctl", "_IOC(" },
		      { "quotactl", "QCMD(Q_GETQUOTA)" },
		      { "fcntl", "TCGETS" },
		      { "read", "TCGETS" } };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint64_t value = 1;
		assert_false(operation_value_of(ARCH_X86_64, number_of(ARCH_X86_64, words[i].call),
						OPERATION_SELECTOR, slice_of_string(words[i].name),
						&value));
	}
}

/* Which call takes the names of a set alone. */
static const char *call_of(const char *set)
{
	static const char *const calls[] = {
		"ioctl",     "fcntl",     "prctl",     "arch_prctl",    "futex",  "madvise",
		"socket",    "bpf",       "keyctl",    "ptrace",        "semctl", "shmctl",
		"msgctl",    "prlimit64", "epoll_ctl", "clock_gettime", "lseek",  "rt_sigprocmask",
		"fadvise64", "seccomp",   "membarrier"
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i], set) == 0)
			return calls[i];
	return strcmp(set, "clone_flags") == 0 || strcmp(set, "signal") == 0 ? "clone"
	       : strcmp(set, "flock_flags") == 0                             ? "flock"
	       : strcmp(set, "mremap_flags") == 0                            ? "mremap"
									     : NULL;
}

/* Name -> value -> name -> value; false: the architecture has no such name. */
static bool leads_back(enum arch arch, const char *call, const char *name)
{
	uint32_t number;
	uint64_t value, back;
	if (!syscall_number_of(arch, slice_of_string(call), &number) ||
	    !operation_value_of(arch, number, OPERATION_SELECTOR, slice_of_string(name), &value))
		return false;
	struct arena arena = { 0 };
	const char *shown = operation_name(arch, number, OPERATION_SELECTOR, value, &arena);
	assert_true(
	    operation_value_of(arch, number, OPERATION_SELECTOR, slice_of_string(shown), &back));
	if (back != value)
		fail_msg("%s %s: %s is %#jx, but %s %#jx", arch_name(arch), call, name,
			 (uintmax_t)value, shown, (uintmax_t)back);
	assert_true(shown[0] < '0' || shown[0] > '9');
	arena_finish(&arena);
	return true;
}

static void every_name_leads_back_to_itself(void **state)
{
	(void)state;
	size_t tried[ARCH_COUNT] = { 0 };
	for (size_t i = 0; i < operation_count(); i++) {
		const char *set;
		const char *name = operation_at(i, &set);
		const char *call = call_of(set);
		for (int arch = 0; arch < ARCH_COUNT && call != NULL; arch++)
			tried[arch] += leads_back((enum arch)arch, call, name);
	}
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		assert_true(tried[arch] > 3000);
}

RUN_TESTS(cmocka_unit_test(knows_what_the_headers_call_an_operation),
	  cmocka_unit_test(writes_flags_as_strace_does),
	  cmocka_unit_test(writes_both_arguments_when_two_select),
	  cmocka_unit_test(shows_a_number_that_has_no_name),
	  cmocka_unit_test(names_differ_by_architecture),
	  cmocka_unit_test(shows_all_names_of_one_number),
	  cmocka_unit_test(understands_names_that_it_does_not_show),
	  cmocka_unit_test(refuses_what_is_no_operation),
	  cmocka_unit_test(every_name_leads_back_to_itself))
