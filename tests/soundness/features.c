/*
 * What glibc does only for those who ask for it, one feature per program: compiled with -DFEATURE=NAME and 64-bit file
 * offsets. src/scan/models.c leaves such calls out of programs that do not ask; here they must be listed.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <mqueue.h>
#include <netdb.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

extern char **environ;

#define asynchronous_reads 1
#define changing_tree_walk 2
#define tilde_glob 3
#define word_expansion 4
#define spawn_attributes 5
#define spawn_actions 6
#define terminals 7
#define timers 8
#define scheduled_threads 9
#define affine_threads 10
#define protected_mutexes 11
#define inheriting_mutexes 12
#define daemons 13
#define tree_streams 14
#define effective_users 15
#define asynchronous_names 16
#define message_notes 17
#define plain_spawns 18
#define asynchronous_priorities 19
#define brace_globs 20
#define temporary_folders 21
#define signal_stacks 22
#define remote_calls 23

static void spawn_true(const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes)
{
	char name[] = "true";
	char *words[] = { name, NULL };
	pid_t pid;
	if (posix_spawnp(&pid, name, actions, attributes, words, environ) == 0)
		(void)waitpid(pid, NULL, 0);
}

static void *end(void *argument)
{
	return argument;
}

static void run_thread(const pthread_attr_t *attributes)
{
	pthread_t thread;
	if (pthread_create(&thread, attributes, end, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

static void noticed(union sigval value)
{
	(void)value;
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)path;
	(void)status;
	(void)kind;
	(void)where;
	return 0;
}

static void lock_with(int protocol)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	(void)pthread_mutexattr_init(&attributes);
	(void)pthread_mutexattr_setprotocol(&attributes, protocol);
	(void)pthread_mutex_init(&mutex, &attributes);
	if (pthread_mutex_lock(&mutex) == 0)
		(void)pthread_mutex_unlock(&mutex);
}

#if FEATURE == signal_stacks
static jmp_buf back;

static void jump(int signal)
{
	(void)signal;
	longjmp(back, 1);
}
#endif

#if FEATURE == remote_calls
/* Old programs alone may link them. */
__asm__(".symver svcraw_create, svcraw_create@GLIBC_2.2.5\n.symver svc_register, svc_register@GLIBC_2.2.5");
void *svcraw_create(void);
int svc_register(void *transport, unsigned long program, unsigned long version, void (*dispatch)(void), unsigned long protocol);

static void *serve(void *argument)
{
	(void)svc_register(svcraw_create(), 99, 1, (void (*)(void))0, 17);
	return argument;
}
#endif

int main(void)
{
#if FEATURE == asynchronous_reads || FEATURE == asynchronous_priorities
	static char bytes[9];
	struct aiocb request = { .aio_fildes = open("/etc/passwd", O_RDONLY), .aio_buf = bytes, .aio_nbytes = 9 };
#if FEATURE == asynchronous_priorities
	const struct sched_param first = { .sched_priority = 2 };
	(void)sched_setscheduler(0, SCHED_FIFO, &first);
	request.aio_reqprio = 1;
#endif
	(void)aio_read(&request);
	while (aio_error(&request) == EINPROGRESS)
		(void)usleep(1000);
#elif FEATURE == changing_tree_walk
	(void)nftw("/etc/apt", visit, 5, FTW_CHDIR | FTW_DEPTH);
#elif FEATURE == tilde_glob
	glob_t found;
	(void)glob("~/*", GLOB_TILDE, NULL, &found);
	(void)glob("~root/*", GLOB_TILDE_CHECK, NULL, &found);
#elif FEATURE == word_expansion
	wordexp_t words;
	(void)wordexp("$(echo x) ~root", &words, 0);
#elif FEATURE == spawn_attributes
	static const short flags[] = { POSIX_SPAWN_SETPGROUP, POSIX_SPAWN_SETSID, POSIX_SPAWN_RESETIDS,
				       POSIX_SPAWN_SETSCHEDULER, POSIX_SPAWN_SETSCHEDPARAM, POSIX_SPAWN_SETSIGMASK };
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		posix_spawnattr_t attributes;
		(void)posix_spawnattr_init(&attributes);
		(void)posix_spawnattr_setflags(&attributes, flags[i]);
		spawn_true(NULL, &attributes);
	}
#elif FEATURE == spawn_actions
	posix_spawn_file_actions_t actions;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addchdir_np(&actions, "/");
	(void)posix_spawn_file_actions_addclosefrom_np(&actions, 9);
	spawn_true(&actions, NULL);
	(void)posix_spawn_file_actions_addfchdir_np(&actions, open("/", O_RDONLY));
	spawn_true(&actions, NULL);
	(void)posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0);
	spawn_true(&actions, NULL);
#elif FEATURE == terminals
	int control;
	if (forkpty(&control, NULL, NULL, NULL) == 0)
		_exit(0);
	(void)wait(NULL);
#elif FEATURE == timers
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = noticed };
	const struct itimerspec soon = { .it_value = { .tv_nsec = 1000000 } };
	(void)timer_create(CLOCK_REALTIME, &event, &timer);
	(void)timer_settime(timer, 0, &soon, NULL);
	(void)usleep(50000);
#elif FEATURE == scheduled_threads
	pthread_attr_t attributes;
	const struct sched_param parameters = { 0 };
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
	(void)pthread_attr_setschedparam(&attributes, &parameters);
	(void)pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	run_thread(&attributes);
#elif FEATURE == affine_threads
	pthread_attr_t attributes;
	cpu_set_t processors;
	(void)pthread_getattr_np(pthread_self(), &attributes);
	(void)pthread_attr_getaffinity_np(&attributes, sizeof(processors), &processors);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setaffinity_np(&attributes, sizeof(processors), &processors);
	run_thread(&attributes);
	(void)pthread_setattr_default_np(&attributes);
	run_thread(NULL);
#elif FEATURE == protected_mutexes
	lock_with(PTHREAD_PRIO_PROTECT);
#elif FEATURE == inheriting_mutexes
	int policy;
	struct sched_param parameters;
	lock_with(PTHREAD_PRIO_INHERIT);
	(void)pthread_getschedparam(pthread_self(), &policy, &parameters);
	(void)pthread_setschedparam(pthread_self(), policy, &parameters);
	(void)pthread_setschedprio(pthread_self(), 0);
#elif FEATURE == daemons
	return daemon(0, 0);
#elif FEATURE == tree_streams
	char root[] = "/etc/apt";
	char *const roots[] = { root, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL, NULL);
	while (tree != NULL && fts_read(tree) != NULL)
		continue;
#elif FEATURE == effective_users
	(void)!seteuid(geteuid());
	(void)!setegid(getegid());
#elif FEATURE == asynchronous_names
	struct gaicb request = { .ar_name = "localhost" };
	struct gaicb *requests[] = { &request };
	(void)getaddrinfo_a(GAI_WAIT, requests, 1, NULL);
#elif FEATURE == message_notes
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = noticed };
	mqd_t queue = mq_open("/sysgap-features", O_CREAT | O_RDWR, 0600, NULL);
	(void)mq_notify(queue, &event);
	(void)mq_unlink("/sysgap-features");
#elif FEATURE == plain_spawns
	(void)!system("true");
	FILE *pipe = popen("true", "r");
	if (pipe != NULL)
		(void)pclose(pipe);
	spawn_true(NULL, NULL);
#elif FEATURE == brace_globs
	glob_t found;
	(void)glob("/{etc,usr}/[a-b]*/", GLOB_BRACE | GLOB_MARK, NULL, &found);
	(void)glob("/{etc,usr}/~root/*", GLOB_BRACE | GLOB_APPEND, NULL, &found);
#elif FEATURE == temporary_folders
	char folder[] = "/tmp/sysgap-XXXXXX", file[] = "/tmp/sysgap-XXXXXX";
	if (mkdtemp(folder) != NULL)
		(void)rmdir(folder);
	if (mkstemp(file) >= 0)
		(void)unlink(file);
#elif FEATURE == signal_stacks
	static char other[65536];
	const stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	const struct sigaction action = { .sa_handler = jump, .sa_flags = SA_ONSTACK };
	(void)sigaltstack(&stack, NULL);
	(void)sigaction(SIGUSR1, &action, NULL);
	if (setjmp(back) == 0)
		(void)raise(SIGUSR1);
#elif FEATURE == remote_calls
	pthread_t thread;
	if (pthread_create(&thread, NULL, serve, NULL) == 0)
		(void)pthread_join(thread, NULL);
#else
#error which feature?
#endif
	return 0;
}
