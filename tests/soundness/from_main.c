/*
 * Runs a command up to main, and from there on under strace or under a seccomp profile.
 *
 * usage: from_main --log LOG COMMAND…      the calls from main on, as strace -f writes them
 *        from_main --profile JSON COMMAND… kills it at the first call that the profile lacks
 *
 * main is what the program's entry passes first to the first function that it calls, when that is
 * code: true of glibc's start files. x86-64 only.
 *
 * Process:  itself                   tracer                            waker
 *           waits for the tracer
 *           exec (stops) ----------> breakpoint at AT_ENTRY
 *           entry (stops) ---------> steps to the first call,
 *                                    breakpoint at main
 *           main (stops) ----------> injects seccomp(), or sends
 *                                    SIGSTOP; detaches
 *                                    becomes strace -p  -------------> sees it attached: SIGCONT
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hand_to_strace.h"

enum { MAX_STEPS = 64, MAX_INSTRUCTION_BYTES = 15, MAX_FILTER_BYTES = 1 << 16 };

struct plan {
	const char *log, *profile, *program;
	pid_t pid;
};

static void fail(const char *what)
{
	fprintf(stderr, "from_main: %s: %s\n", what, strerror(errno));
	_exit(2);
}

static long word_at(pid_t pid, unsigned long at)
{
	errno = 0;
	long word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
	if (errno != 0)
		fail("cannot read the program's memory");
	return word;
}

static void set_word(pid_t pid, unsigned long at, long word)
{
	if (ptrace(PTRACE_POKEDATA, pid, at, word) != 0)
		fail("cannot write the program's memory");
}

static struct user_regs_struct registers_of(pid_t pid)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0)
		fail("cannot read registers");
	return registers;
}

/* Waits for a stop by SIGTRAP of any of its threads; signals before go on to it. */
static pid_t wait_for_trap(void)
{
	int status;
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			_exit(2);
		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == SIGTRAP)
			return pid;
		int event = status >> 16;
		(void)ptrace(PTRACE_CONT, pid, NULL, event == 0 ? WSTOPSIG(status) : 0);
	}
}

static unsigned long entry_of(pid_t pid)
{
	unsigned long at = registers_of(pid).rsp;
	at += (unsigned long)(word_at(pid, at) + 2) * 8; /* argc, argv */
	while (word_at(pid, at) != 0)
		at += 8;
	for (at += 8; word_at(pid, at) != AT_NULL; at += 16)
		if (word_at(pid, at) == AT_ENTRY)
			return (unsigned long)word_at(pid, at + 8);
	fail("no AT_ENTRY");
	return 0;
}

/* Runs to an address, with a breakpoint that is taken away again; the thread that came there. */
static pid_t run_to(pid_t pid, unsigned long va)
{
	long word = word_at(pid, va);
	set_word(pid, va, (word & ~0xffL) | 0xcc);
	(void)ptrace(PTRACE_CONT, pid, NULL, 0);
	pid_t stopped = wait_for_trap();
	set_word(stopped, va, word);
	struct user_regs_struct registers = registers_of(stopped);
	if (registers.rip != va + 1)
		fail("stopped elsewhere");
	registers.rip = va;
	if (ptrace(PTRACE_SETREGS, stopped, NULL, &registers) != 0)
		fail("cannot set registers");
	return stopped;
}

static int is_code(pid_t pid, unsigned long va)
{
	char path[64], line[512];
	int found = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		char *rest;
		unsigned long start = strtoul(line, &rest, 16);
		unsigned long end = strtoul(rest + 1, &rest, 16);
		found |= va >= start && va < end && rest[3] == 'x';
	}
	if (maps != NULL)
		(void)fclose(maps);
	return found;
}

/* At the entry: steps into the first call; what it passes first. 0: that is no code. */
static unsigned long find_main(pid_t pid)
{
	for (int i = 0; i < MAX_STEPS; i++) {
		int status;
		struct user_regs_struct before = registers_of(pid);
		(void)ptrace(PTRACE_SINGLESTEP, pid, NULL, 0);
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return 0;
		struct user_regs_struct after = registers_of(pid);
		if (after.rip > before.rip && after.rip <= before.rip + MAX_INSTRUCTION_BYTES)
			continue;
		int called = after.rsp == before.rsp - 8;
		return called && is_code(pid, after.rdi) ? after.rdi : 0;
	}
	return 0;
}

/* Lets the stopped thread make a syscall; its code and registers are then as before. */
static long inject(pid_t pid, long number, unsigned long a, unsigned long b, unsigned long c)
{
	int status;
	struct user_regs_struct saved = registers_of(pid), registers = saved;
	long word = word_at(pid, saved.rip);
	set_word(pid, saved.rip, (word & ~0xffffL) | 0x050f);
	registers.rax = (unsigned long)number;
	registers.rdi = a;
	registers.rsi = b;
	registers.rdx = c;
	registers.r10 = registers.r8 = 0;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &registers);
	(void)ptrace(PTRACE_SINGLESTEP, pid, NULL, 0);
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		fail("gone while a call was made for it");
	long result = (long)registers_of(pid).rax;
	set_word(pid, saved.rip, word);
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &saved);
	return result;
}

static void allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) != 0)
		fail("cannot add to the filter");
}

/* The profile as a program for the kernel; its size in bytes. */
static size_t make_filter(const char *path, void *out_filter)
{
	size_t i, k;
	json_t *rule, *name, *profile = json_load_file(path, 0, NULL);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int file = memfd_create("filter", MFD_CLOEXEC);
	if (profile == NULL || filter == NULL || file < 0)
		fail(path);
	json_array_foreach(json_object_get(profile, "syscalls"), i, rule)
	{
		json_array_foreach(json_object_get(rule, "names"), k, name)
		    allow(filter, json_string_value(name));
	}
	if (seccomp_export_bpf(filter, file) != 0)
		fail("cannot make the filter");
	ssize_t size = pread(file, out_filter, MAX_FILTER_BYTES, 0);
	if (size <= 0 || size == MAX_FILTER_BYTES)
		fail("the filter is too long");
	return (size_t)size;
}

/* Below the stack's red zone. */
static void confine(pid_t pid, const char *profile)
{
	static char bytes[MAX_FILTER_BYTES];
	size_t size = make_filter(profile, bytes);
	unsigned long at = (registers_of(pid).rsp - 256 - size - sizeof(struct sock_fprog)) & ~15UL;
	struct sock_fprog program = { .len = (unsigned short)(size / sizeof(struct sock_filter)) };
	program.filter = (struct sock_filter *)(at + sizeof(program));
	char words[sizeof(program) + MAX_FILTER_BYTES];
	memcpy(words, &program, sizeof(program));
	memcpy(words + sizeof(program), bytes, size);
	for (size_t i = 0; i < sizeof(program) + size; i += 8) {
		long word;
		memcpy(&word, words + i, 8);
		set_word(pid, at + i, word);
	}
	if (inject(pid, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0) != 0 ||
	    inject(pid, SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, at) != 0)
		fail("the filter was refused");
}

static void trace(const struct plan *plan, int ready)
{
	int status;
	(void)setsid();
	if (ptrace(PTRACE_SEIZE, plan->pid, NULL, PTRACE_O_TRACEEXEC) != 0)
		fail("cannot trace");
	(void)!write(ready, "", 1);
	while (waitpid(plan->pid, &status, __WALL) == plan->pid && WIFSTOPPED(status) &&
	       status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8))
		(void)ptrace(PTRACE_CONT, plan->pid, NULL,
			     status >> 16 == 0 ? WSTOPSIG(status) : 0);
	pid_t pid = run_to(plan->pid, entry_of(plan->pid));
	unsigned long main_va = find_main(pid);
	if (main_va == 0) {
		fprintf(stderr, "from_main: %s: no main was found\n", plan->program);
		(void)kill(plan->pid, SIGKILL);
		_exit(2);
	}
	pid = run_to(pid, main_va);
	if (plan->profile != NULL)
		confine(pid, plan->profile);
	else
		(void)kill(plan->pid,
			   SIGSTOP); /* pending: it stops before main's first instruction */
	(void)ptrace(PTRACE_DETACH, pid, NULL, 0);
	if (plan->log != NULL)
		hand_to_strace(plan->pid, plan->log, plan->program);
	_exit(0);
}

int main(int argc, char **argv)
{
	int ready[2];
	char byte;
	struct plan plan = { .pid = getpid() };
	if (argc < 4 || pipe(ready) != 0)
		return 2;
	if (strcmp(argv[1], "--log") == 0)
		plan.log = argv[2];
	else
		plan.profile = argv[2];
	plan.program = argv[3];
	pid_t tracer = fork();
	if (tracer == 0 && fork() == 0)
		trace(&plan, ready[1]);
	if (tracer == 0)
		_exit(0);
	(void)waitpid(tracer, NULL, 0);
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return 2;
	(void)close(ready[0]);
	(void)execv(argv[3], argv + 3);
	return 2;
}
