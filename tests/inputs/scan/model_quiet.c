/*
 * What glibc does only when it is asked to: without priority protection, attributes and file
 * actions of posix_spawn, and look-ups of hosts, their calls are not made.
 * build: gcc -O1 -pthread -D_GNU_SOURCE
 * tier: exact
 * no-run: it executes a shell, whose calls are its own
 * never: sched_setscheduler sched_getparam sched_get_priority_max setpgid setresuid fchdir close_range sendmmsg getpeername
 */
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
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
	return getpwuid(0) == NULL;
}
