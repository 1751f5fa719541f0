/*
 * Runs a command under strace as on another kernel: without the vDSO, so that time is asked of the
 * kernel, and with ENOSYS for every call that is newer than Linux 3.2, glibc's oldest. What a libc
 * does then is in its code, and so must be in a scan.
 *
 * usage: elsewhere LOG PROGRAM ARGUMENT…
 *
 * Process:   itself                      tracer                       waker
 *            waits for the tracer
 *            filter, exec (stops) ------> takes the vDSO out of auxv
 *            (stays stopped) <----------- sends SIGSTOP, detaches
 *                                        becomes strace -p  --------> sees it attached: SIGCONT
 *
 * The log begins with the execve, which strace itself cannot see.
 */
#include <elf.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hand_to_strace.h"

enum { LAST_OF_LINUX_3_2 = 311, LAST = 470, FIRST_OF_NEW_TABLE = 424, LAST_OF_OLD_TABLE = 334 };

static int forget_new_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL)
		return -1;
	for (int number = LAST_OF_LINUX_3_2 + 1; number <= LAST; number++) {
		if (number > LAST_OF_OLD_TABLE && number < FIRST_OF_NEW_TABLE)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(38), number, 0) != 0)
			return -1;
	}
	return seccomp_load(filter);
}

/* Of a process that stopped behind its exec: argc, argv, environment, auxiliary vector. */
static int forget_vdso(pid_t pid)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0)
		return -1;
	unsigned long at = registers.rsp;
	at += (unsigned long)(ptrace(PTRACE_PEEKDATA, pid, at, NULL) + 2) * 8;
	while (ptrace(PTRACE_PEEKDATA, pid, at, NULL) != 0)
		at += 8;
	for (at += 8;; at += 16) {
		long type = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
		if (type == AT_NULL)
			return 0;
		if (type == AT_SYSINFO_EHDR)
			return (int)ptrace(PTRACE_POKEDATA, pid, at, AT_IGNORE);
	}
}

static void trace(pid_t pid, const char *log, const char *program, int ready)
{
	int status;
	(void)setsid();
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC) != 0)
		_exit(2);
	(void)!write(ready, "", 1);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			int is_changed = forget_vdso(pid);
			(void)kill(pid,
				   SIGSTOP); /* pending: it stops before its first instruction */
			if (ptrace(PTRACE_DETACH, pid, NULL, 0) == 0 && is_changed == 0)
				hand_to_strace(pid, log, program);
			_exit(2);
		}
		(void)ptrace(PTRACE_CONT, pid, NULL, status >> 16 == 0 ? WSTOPSIG(status) : 0);
	}
	_exit(2);
}

int main(int argc, char **argv)
{
	int ready[2];
	char byte;
	if (argc < 3 || pipe(ready) != 0)
		return 2;
	pid_t self = getpid();
	pid_t tracer = fork();
	if (tracer == 0 && fork() == 0)
		trace(self, argv[1], argv[2], ready[1]);
	if (tracer == 0)
		_exit(0);
	(void)waitpid(tracer, NULL, 0);
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return 2;
	(void)close(ready[0]);
	if (forget_new_calls() != 0)
		return 2;
	(void)execv(argv[2], argv + 2);
	return 2;
}
