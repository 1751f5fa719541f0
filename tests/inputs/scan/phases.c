/*
 * When calls are made: in an initialiser and in what it calls; where both it and main come; behind an
 * address that it takes: a variable, a thread, a signal handler, atexit; in main; when main has returned.
 * build: gcc -O1 -pthread
 * start: getpgid getsid arch_prctl set_tid_address access
 * run: getpriority getppid sched_rr_get_interval times sync getegid rseq
 * exit: getitimer
 * never: setpgid
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define NOINLINE __attribute__((noinline))

/* Each with an instruction of its own. */
#ifdef __aarch64__
static inline __attribute__((always_inline)) long call(long number)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = 0;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#else
static inline __attribute__((always_inline)) long call(long number)
{
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(0L), "S"(0L), "d"(0L)
			 : "rcx", "r11", "memory");
	return result;
}
#endif

static volatile int count;
static void (*volatile later)(void);

static NOINLINE void only_before(void)
{
	count += call(SYS_getsid) > 0;
}

static NOINLINE void before_and_in_main(void)
{
	count += call(SYS_getpriority) > 0;
}

static void through_variable(void)
{
	count += call(SYS_getppid) > 0;
}

static void *in_thread(void *nothing)
{
	count += call(SYS_sched_rr_get_interval) > 0;
	return nothing;
}

static void on_signal(int number)
{
	count += number + (call(SYS_times) > 0);
}

static void at_exit(void)
{
	count += call(SYS_sync) > 0;
}

__attribute__((constructor)) static void before(void)
{
	pthread_t thread;
	count += call(SYS_getpgid) > 0;
	only_before();
	before_and_in_main();
	later = through_variable;
	(void)signal(SIGUSR1, on_signal);
	(void)atexit(at_exit);
	if (pthread_create(&thread, NULL, in_thread, NULL) == 0)
		(void)pthread_detach(thread);
}

__attribute__((destructor)) static void after(void)
{
	count += call(SYS_getitimer) > 0;
}

int main(void)
{
	count += call(SYS_getegid) > 0;
	before_and_in_main();
	later();
	return count > 1000;
}
