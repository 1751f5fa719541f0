#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline int is_traced(pid_t pid)
{
	char line[256];
	int tracer = 0;
	(void)snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	FILE *status = fopen(line, "re");
	if (status == NULL)
		return 1;
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "TracerPid:", 10) == 0)
			tracer = (int)strtol(line + 10, NULL, 10);
	(void)fclose(status);
	return tracer > 0;
}

static inline void sleep_a_little(void)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	(void)nanosleep(&moment, NULL);
}

/*
 * Becomes strace on a process that nobody traces and that is stopped; once it is traced, it goes on.
 * The log begins with the execve, which strace itself cannot see.
 */
static inline void hand_to_strace(pid_t pid, const char *log, const char *program)
{
	FILE *first = fopen(log, "we");
	if (first == NULL)
		_exit(2);
	(void)fprintf(first, "%d execve(\"%s\", [], 0x0) = 0\n", (int)pid, program);
	(void)fclose(first);
	if (fork() == 0) {
		while (!is_traced(pid))
			sleep_a_little();
		sleep_a_little();
		(void)kill(pid, SIGCONT);
		_exit(0);
	}
	char number[16];
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	(void)execlp("strace", "strace", "-f", "-qq", "-s", "300", "-A", "-o", log, "-p", number,
		     NULL);
	_exit(2);
}
