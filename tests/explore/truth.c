/*
 * Small programs of which is known what they need; the first argument chooses one. Each looks at
 * the results of its calls just as its name says. A second argument makes it take its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long info(void)
{
	struct sysinfo info = { 0 };
	return syscall(SYS_sysinfo, &info) != 0 ? -1 : (long)(info.totalram / 4096);
}

static int needs(void)
{
	char bytes[8];
	return syscall(SYS_getrandom, bytes, sizeof(bytes), 0) == sizeof(bytes) ? 0 : 1;
}

static int stubbed(void)
{
	char bytes[8];
	long got = syscall(SYS_getrandom, bytes, sizeof(bytes), 0);
	return got == sizeof(bytes) || (got == -1 && errno == ENOSYS) ? 0 : 1;
}

static int faked(void)
{
	return info() >= 0 ? 0 : 1;
}

static int either(void)
{
	(void)info();
	return 0;
}

/* A fallback that knows ENOSYS only, as many a program's. */
static int only_enosys(void)
{
	return info() > 0 || errno == ENOSYS ? 0 : 1;
}

static int one_of_two(void)
{
	char bytes[8];
	long first = syscall(SYS_getrandom, bytes, sizeof(bytes), 0);
	long second = info();
	return first > 0 || second > 0 ? 0 : 1;
}

/* Nothing comes after the first failure: the second call is hidden when the first is missing. */
static int hidden(void)
{
	char bytes[8];
	if (syscall(SYS_getrandom, bytes, sizeof(bytes), 0) <= 0)
		return 0;
	return info() > 0 ? 0 : 1;
}

/* Without the first call nobody misses the second: one answer repairs what another breaks. */
static int repaired(void)
{
	char bytes[8];
	long first = syscall(SYS_getrandom, bytes, sizeof(bytes), 0);
	return info() > 0 || first <= 0 ? 0 : 1;
}

static int in_child(void)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(info() > 0 ? 0 : 1);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

static void *thread_body(void *unused)
{
	(void)unused;
	return info() > 0 ? NULL : &errno;
}

static int in_thread(void)
{
	pthread_t thread;
	void *result = NULL;
	if (pthread_create(&thread, NULL, thread_body, NULL) != 0 ||
	    pthread_join(thread, &result) != 0)
		return 2;
	return result == NULL ? 0 : 1;
}

static int needs_info(void)
{
	return info() > 0 ? 0 : 1;
}

static int after_exec(void)
{
	(void)execl("/proc/self/exe", "truth", "needs-info", (char *)NULL);
	return 2;
}

static int second_time(void)
{
	(void)info();
	return info() > 0 ? 0 : 1;
}

/* Fails one time in three, by the clock, which no rule answers. */
static int flaky(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return info() > 0 || now.tv_nsec / 1000 % 3 != 0 ? 0 : 1;
}

static int leaks_daemon(void)
{
	(void)info();
	pid_t child = fork();
	if (child == 0) {
		(void)setsid();
		for (int number = 1; number < 32; number++)
			(void)signal(number, SIG_IGN);
		if (fork() != 0)
			_exit(0);
		for (;;)
			(void)pause();
	}
	(void)waitpid(child, NULL, 0);
	return 0;
}

static int hangs(void)
{
	while (info() < 0)
		(void)usleep(1000);
	return 0;
}

static int kills_parent(void)
{
	pid_t parent = getpid();
	pid_t child = fork();
	if (child == 0) {
		if (info() < 0)
			(void)kill(parent, SIGSEGV);
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	return 0;
}

/* A server's worker that dies, and nobody looks. */
static int child_crashes(void)
{
	pid_t child = fork();
	if (child == 0) {
		if (info() < 0)
			abort();
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	return 0;
}

static int fills_disk(void)
{
	static char block[1 << 20];
	(void)info();
	int fd = open("/var/tmp/sysgap-truth-filled", O_CREAT | O_WRONLY, 0600);
	if (fd == -1)
		return 2;
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	return errno == ENOSPC ? 0 : 1;
}

static const struct {
	const char *name;
	int (*run)(void);
} programs[] = {
	{ "needs", needs },
	{ "stubbed", stubbed },
	{ "faked", faked },
	{ "either", either },
	{ "only-enosys", only_enosys },
	{ "one-of-two", one_of_two },
	{ "hidden", hidden },
	{ "repaired", repaired },
	{ "in-child", in_child },
	{ "in-thread", in_thread },
	{ "after-exec", after_exec },
	{ "needs-info", needs_info },
	{ "second-time", second_time },
	{ "flaky", flaky },
	{ "leaks-daemon", leaks_daemon },
	{ "hangs", hangs },
	{ "kills-parent", kills_parent },
	{ "child-crashes", child_crashes },
	{ "fills-disk", fills_disk },
};

int main(int argc, char **argv)
{
	if (argc > 2)
		(void)usleep(50 * 1000);
	for (size_t i = 0; argc > 1 && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(argv[1], programs[i].name) == 0)
			return programs[i].run();
	return 3;
}
