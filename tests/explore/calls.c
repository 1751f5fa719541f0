/*
 * Makes syscalls whose numbers its arguments give: "39" itself, "t39" in a thread, "f39" in a
 * child, "x39" in a program that it executes in a child, "u39" and "v39" in a child that asks not
 * to be traced, made by clone and by clone3. Each exactly once, with impossible arguments.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void call(const char *number)
{
	(void)syscall(strtol(number, NULL, 0), -1L, -1L, -1L, -1L, -1L, -1L);
}

static void *in_thread(void *number)
{
	call(number);
	return NULL;
}

static pid_t child_of_kind(char kind)
{
	struct clone_args args = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	if (kind == 'u')
		return (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
	if (kind == 'v')
		return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return fork();
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char kind = argv[i][0];
		pthread_t thread;
		if (kind == 't' && pthread_create(&thread, NULL, in_thread, argv[i] + 1) == 0)
			(void)pthread_join(thread, NULL);
		if (strchr("fxuv", kind) != NULL && child_of_kind(kind) == 0) {
			if (kind == 'x')
				(void)execl(argv[0], argv[0], argv[i] + 1, (char *)NULL);
			call(argv[i] + 1);
			_exit(0);
		}
		if (strchr("tfxuv", kind) == NULL)
			call(argv[i]);
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}
