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

static void make(const struct way *way, uint64_t value, struct arena *arena)
{
	long arguments[6];
	memcpy(arguments, way->arguments, sizeof(arguments));
	arguments[way->selector] = (long)value;
	(void)syscall(way->number, arguments[0], arguments[1], arguments[2], arguments[3],
		      arguments[4], arguments[5]);
	printf(
	    "%s %s\n", way->set,
	    operation_name(ARCH_X86_64, (uint32_t)way->number, OPERATION_SELECTOR, value, arena));
	arena_clear(arena);
}

/* Those whose operation is two arguments. */
static void make_pair(const char *name, long number, uint64_t value, struct arena *arena)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;
	if (number == SYS_mmap)
		(void)syscall(number, 0, 0, high, low, NO_FILE, 0);
	else
		(void)syscall(number, NO_FILE, high, low, 0, 0);
	printf("%s %s\n", name,
	       operation_name(ARCH_X86_64, (uint32_t)number, OPERATION_OBSERVED, value, arena));
	arena_clear(arena);
}

static void make_pairs(struct arena *arena)
{
	static const uint64_t levels[] = { 0, 1, 6, 17, 41, 0x10e, 0x107 };
	static const uint64_t mappings[] = { 0x300000022, 0x4812,      0x500000812,
					     0x100000001, 0x300020022, 0x700008022 };
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		for (uint64_t option = 0; option < 80; option++)
			make_pair("setsockopt", SYS_setsockopt, levels[i] << 32 | option, arena);
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
		make_pair("mmap", SYS_mmap, mappings[i], arena);
}

int main(void)
{
	struct arena arena = { 0 };
	(void)setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	(void)printf("getppid\n");
	(void)getppid(); /* what comes before is the start of the process */
	for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
		for (size_t i = 0; i < operation_count(); i++) {
			const char *set;
			const char *name = operation_at(i, &set);
			uint64_t value;
			if (strcmp(set, ways[way].set) == 0 &&
			    operation_value_of(ARCH_X86_64, (uint32_t)ways[way].number,
					       OPERATION_SELECTOR, slice_of_string(name), &value))
				make(&ways[way], value, &arena);
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		make(&ways[others[i].way], others[i].value, &arena);
	make_pairs(&arena);
	(void)getppid();
	arena_finish(&arena);
	return fflush(stdout) == 0 ? 0 : 1;
}
