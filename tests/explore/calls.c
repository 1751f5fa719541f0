/*
 * Makes syscalls whose numbers its arguments give: "39" itself, "t39" in a thread, "f39" in a
 * child, "x39" in a program that it executes in a child. Each exactly once, with impossible
 * arguments.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
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

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char kind = argv[i][0];
		pthread_t thread;
		if (kind == 't' && pthread_create(&thread, NULL, in_thread, argv[i] + 1) == 0)
			(void)pthread_join(thread, NULL);
		if ((kind == 'f' || kind == 'x') && fork() == 0) {
			if (kind == 'x')
				(void)execl(argv[0], argv[0], argv[i] + 1, (char *)NULL);
			call(argv[i] + 1);
			_exit(0);
		}
		if (kind != 't' && kind != 'f' && kind != 'x')
			call(argv[i]);
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}
