/*
 * A callback called by libc, a handler of a signal, one of atexit, a thread's start, a constructor.
 * build: gcc -O1 -pthread
 * must: vhangup getpgrp getsid getpgid sched_get_priority_max
 * why: vhangup=on_signal getpgrp=compare getsid=at_end getpgid=thread
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int compare(const void *a, const void *b) { (void)a; (void)b; return (int)syscall(SYS_getpgrp) & 1; }
static void on_signal(int number) { (void)number; syscall(SYS_vhangup); }
static void at_end(void) { syscall(SYS_getsid, 0); }
static void *thread(void *argument) { syscall(SYS_getpgid, 0); return argument; }
__attribute__((constructor)) static void early(void) { syscall(SYS_sched_get_priority_max, 0); }
int main(void)
{
	int values[] = { 3, 1, 2 };
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t id;
	sigaction(SIGUSR1, &action, NULL);
	atexit(at_end);
	qsort(values, 3, sizeof(values[0]), compare);
	if (pthread_create(&id, NULL, thread, NULL) == 0)
		pthread_join(id, NULL);
	return 0;
}
