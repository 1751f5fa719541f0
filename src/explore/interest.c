/*
 * The vectored calls, whose argument selects what they do, and the calls that take a path.
 * Flags that only modify an operation are masked away: FUTEX_PRIVATE_FLAG and
 * FUTEX_CLOCK_REALTIME, SOCK_CLOEXEC and SOCK_NONBLOCK.
 *
 * Sources: syscalls(2) and the page of each call; Linux v6.1 include/uapi/linux/futex.h.
 */
#include "explore/interest.h"

#include <sys/syscall.h>

enum { FIRST = 1, SECOND, THIRD, FOURTH };

#define ALL           UINT32_MAX
#define FUTEX_COMMAND (~(uint32_t)(128 | 256))
#define SOCKET_TYPE   UINT32_C(0xf)

#define OPERATION(index, mask)                                                                     \
	{                                                                                          \
		.operation = (index), .operation_mask = (mask)                                     \
	}
#define OPERATION_OF(level, index, mask)                                                           \
	{                                                                                          \
		.operation = (index), .second = (level), .operation_mask = (mask)                  \
	}
#define PATH(index)                                                                                \
	{                                                                                          \
		.path = (index)                                                                    \
	}

static const struct observer_interest interests[] = {
	[SYS_ioctl] = OPERATION(SECOND, ALL),
	[SYS_fcntl] = OPERATION(SECOND, ALL),
	[SYS_prctl] = OPERATION(FIRST, ALL),
	[SYS_futex] = OPERATION(SECOND, FUTEX_COMMAND),
	[SYS_madvise] = OPERATION(THIRD, ALL),
	[SYS_mmap] = OPERATION_OF(THIRD, FOURTH, ALL), /* protection << 32 | flags */
	[SYS_mremap] = OPERATION(FOURTH, ALL),
	[SYS_socket] = OPERATION_OF(FIRST, SECOND, SOCKET_TYPE),
	[SYS_socketpair] = OPERATION_OF(FIRST, SECOND, SOCKET_TYPE),
	[SYS_setsockopt] = OPERATION_OF(SECOND, THIRD, ALL),
	[SYS_getsockopt] = OPERATION_OF(SECOND, THIRD, ALL),
	[SYS_clone] = OPERATION(FIRST, ALL),
	[SYS_epoll_ctl] = OPERATION(SECOND, ALL),
	[SYS_prlimit64] = OPERATION(SECOND, ALL),
	[SYS_clock_gettime] = OPERATION(FIRST, ALL),
	[SYS_rt_sigprocmask] = OPERATION(FIRST, ALL),
	[SYS_lseek] = OPERATION(THIRD, ALL),
	[SYS_fadvise64] = OPERATION(FOURTH, ALL),
	[SYS_flock] = OPERATION(SECOND, ALL),
	[SYS_msgctl] = OPERATION(SECOND, ALL),
	[SYS_semctl] = OPERATION(THIRD, ALL),
	[SYS_shmctl] = OPERATION(SECOND, ALL),
	[SYS_ptrace] = OPERATION(FIRST, ALL),
	[SYS_keyctl] = OPERATION(FIRST, ALL),
	[SYS_quotactl] = OPERATION(FIRST, ALL),
	[SYS_bpf] = OPERATION(FIRST, ALL),
	[SYS_seccomp] = OPERATION(FIRST, ALL),
	[SYS_membarrier] = OPERATION(FIRST, ALL),
	[SYS_openat] = PATH(SECOND),
	[SYS_openat2] = PATH(SECOND),
	[SYS_readlinkat] = PATH(SECOND),
	[SYS_faccessat] = PATH(SECOND),
	[SYS_faccessat2] = PATH(SECOND),
	[SYS_statx] = PATH(SECOND),
	[SYS_statfs] = PATH(FIRST),
#ifdef __x86_64__
	[SYS_arch_prctl] = OPERATION(FIRST, ALL),
	[SYS_open] = PATH(FIRST),
	[SYS_creat] = PATH(FIRST),
	[SYS_stat] = PATH(FIRST),
	[SYS_lstat] = PATH(FIRST),
	[SYS_access] = PATH(FIRST),
	[SYS_readlink] = PATH(FIRST),
	[SYS_newfstatat] = PATH(SECOND),
#endif
};

struct observer_interest interest_of(uint32_t number)
{
	if (number >= sizeof(interests) / sizeof(interests[0]))
		return (struct observer_interest){ 0 };
	return interests[number];
}
