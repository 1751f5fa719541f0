/*
 * Makes vectored calls with all operations that have a name, and some without, in ways that fail
 * or change nothing; prints a line "CALL NAME" for each. strace, which watches, says the same.
 *
 * Not made: what would change this process or its parent (keyctl, ptrace, clone, ARCH_SET_FS).
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/operations.h"

enum { NO_FILE = -1, NO_SOCKET_TYPE = 15, UNALIGNED = 1 };

/* Where the operation stands among the arguments, and what the others are. */
struct way {
	const char *set;
	long number;
	unsigned selector;
	long arguments[6];
};

static const struct way ways[] = {
	{ "ioctl", SYS_ioctl, 1, { NO_FILE } },
	{ "fcntl", SYS_fcntl, 1, { NO_FILE } },
	{ "prctl", SYS_prctl, 0, { 0, -1, -1, -1, -1 } },
	{ "futex", SYS_futex, 1, { 0 } },
	{ "madvise", SYS_madvise, 2, { UNALIGNED } },
	{ "socket", SYS_socket, 0, { 0, NO_SOCKET_TYPE } },
	{ "bpf", SYS_bpf, 0, { 0 } },
	{ "semctl", SYS_semctl, 2, { -1 } },
	{ "shmctl", SYS_shmctl, 1, { -1 } },
	{ "msgctl", SYS_msgctl, 1, { -1 } },
	{ "prlimit64", SYS_prlimit64, 1, { -1 } },
	{ "epoll_ctl", SYS_epoll_ctl, 1, { NO_FILE } },
	{ "clock_gettime", SYS_clock_gettime, 0, { 0 } },
	{ "rt_sigprocmask", SYS_rt_sigprocmask, 0, { 0, 0, 0, 8 } },
	{ "lseek", SYS_lseek, 2, { NO_FILE } },
	{ "fadvise64", SYS_fadvise64, 3, { NO_FILE } },
	{ "seccomp", SYS_seccomp, 0, { 0, -1 } },
	{ "membarrier", SYS_membarrier, 0, { 0, -1 } },
};

/* Numbers that are no operation of most calls, and flags. */
static const struct {
	size_t way;
	uint64_t value;
} others[] = { { 0, 0x5499 }, { 0, 0x80045499 }, { 0, 0xffffffff }, { 1, 99 },
	       { 2, 99999 },  { 3, 99 },         { 3, 393 },        { 3, 265 },
	       { 4, 99 },     { 7, 0x110 },      { 8, 0x100 | 13 }, { 9, 0x100 } };

/* All calls are made at last, one after the other: nothing else makes any between them. */
struct call {
	long number;
	long arguments[6];
};

struct calls {
	struct arena arena;
	struct call *calls;
	size_t count, capacity;
};

static void add(struct calls *calls, const char *name, const struct call *call,
		enum operation_form form, uint64_t value)
{
	if (calls->count == calls->capacity)
		calls->calls = arena_grow(&calls->arena, calls->calls, calls->count,
					  sizeof(*calls->calls), &calls->capacity);
	calls->calls[calls->count++] = *call;
	printf("%s %s\n", name,
	       operation_name(ARCH_X86_64, (uint32_t)call->number, form, value, &calls->arena));
}

static void make(const struct way *way, uint64_t value, struct calls *calls)
{
	struct call call = { .number = way->number };
	memcpy(call.arguments, way->arguments, sizeof(call.arguments));
	call.arguments[way->selector] = (long)value;
	add(calls, way->set, &call, OPERATION_SELECTOR, value);
}

/* Those whose operation is two arguments. */
static void make_pair(const char *name, long number, uint64_t value, struct calls *calls)
{
	long high = (long)(value >> 32), low = (long)(value & UINT32_MAX);
	struct call mapping = { number, { 0, 0, high, low, NO_FILE, 0 } };
	struct call option = { number, { NO_FILE, high, low, 0, 0 } };
	add(calls, name, number == SYS_mmap ? &mapping : &option, OPERATION_OBSERVED, value);
}

static void make_pairs(struct calls *calls)
{
	static const uint64_t levels[] = { 0, 1, 6, 17, 41, 0x10e, 0x107 };
	static const uint64_t mappings[] = { 0x300000022, 0x4812,      0x500000812,
					     0x100000001, 0x300020022, 0x700008022 };
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		for (uint64_t option = 0; option < 80; option++)
			make_pair("setsockopt", SYS_setsockopt, levels[i] << 32 | option, calls);
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
		make_pair("mmap", SYS_mmap, mappings[i], calls);
}

int main(void)
{
	struct calls calls = { 0 };
	for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
		for (size_t i = 0; i < operation_count(); i++) {
			const char *set;
			const char *name = operation_at(i, &set);
			uint64_t value;
			if (strcmp(set, ways[way].set) == 0 &&
			    operation_value_of(ARCH_X86_64, (uint32_t)ways[way].number,
					       OPERATION_SELECTOR, slice_of_string(name), &value))
				make(&ways[way], value, &calls);
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		make(&ways[others[i].way], others[i].value, &calls);
	make_pairs(&calls);
	if (fflush(stdout) != 0)
		return 1;
	(void)getppid(); /* what comes before is none of them */
	for (size_t i = 0; i < calls.count; i++) {
		const long *arguments = calls.calls[i].arguments;
		(void)syscall(calls.calls[i].number, arguments[0], arguments[1], arguments[2],
			      arguments[3], arguments[4], arguments[5]);
	}
	arena_finish(&calls.arena);
	return 0;
}
