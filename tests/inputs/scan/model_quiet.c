/*
 * What glibc does only when it is asked to: without priority protection, attributes and file
 * actions of posix_spawn, look-ups of hosts, remote calls, other stacks, temporary folders and names
 * of users in patterns, their calls are not made.
 * build: gcc -O2 -pthread -D_GNU_SOURCE -D_FORTIFY_SOURCE=2
 * tier: exact
 * no-run: it executes a shell, whose calls are its own
 * never: sched_setscheduler sched_getparam sched_get_priority_max setpgid setresuid fchdir close_range sendmmsg getpeername dup bind recvfrom sigaltstack mkdir alarm
 */
#include <glob.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
static jmp_buf back;
static void *thread(void *argument) { return argument; }
int main(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_t id;
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	if (pthread_create(&id, NULL, thread, NULL) == 0)
		pthread_join(id, NULL);
	FILE *stream = popen("true", "r");
	if (stream != NULL)
		pclose(stream);
	char name[] = "/tmp/sysgap-XXXXXX";
	if (mkstemp(name) >= 0)
		remove(name);
	glob_t found;
	if (glob("/{etc,usr}/[a-b]*/", GLOB_BRACE, NULL, &found) == 0)
		globfree(&found);
	if (setjmp(back) == 0)
		longjmp(back, 1);
	return getpwuid(0) == NULL;
}
