/*
 * The same with all that asks for it: each call is there again, and a run makes most of them.
 * build: gcc -O1 -pthread -D_GNU_SOURCE
 * must: sched_setscheduler sched_getparam sched_get_priority_max sched_setaffinity setpgid setresuid setresgid chdir fchdir close_range sendmmsg sigaltstack mkdir alarm
 */
#include <glob.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static void *thread(void *argument) { return argument; }
int main(void)
{
	pthread_mutexattr_t protect;
	pthread_mutex_t mutex;
	pthread_mutexattr_init(&protect);
	pthread_mutexattr_setprotocol(&protect, PTHREAD_PRIO_PROTECT);
	pthread_mutex_init(&mutex, &protect);
	if (pthread_mutex_lock(&mutex) == 0)
		pthread_mutex_unlock(&mutex);
	pthread_attr_t attributes;
	pthread_t id;
	cpu_set_t cpus;
	pthread_attr_init(&attributes);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	if (pthread_create(&id, &attributes, thread, NULL) == 0)
		pthread_join(id, NULL);
	posix_spawnattr_t spawn;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_init(&spawn);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_setflags(&spawn, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_RESETIDS);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	posix_spawn_file_actions_addfchdir_np(&actions, 100);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	char *words[] = { "true", NULL };
	pid_t child;
	if (posix_spawnp(&child, "true", &actions, &spawn, words, environ) == 0)
		waitpid(child, NULL, 0);
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
		freeaddrinfo(found);
	char name[] = "/tmp/sysgap-XXXXXX";
	if (mkdtemp(name) != NULL)
		rmdir(name);
	glob_t paths;
	if (glob("~/[a-b]*", GLOB_BRACE | GLOB_TILDE, NULL, &paths) == 0)
		globfree(&paths);
	stack_t stack;
	return sigaltstack(NULL, &stack);
}
