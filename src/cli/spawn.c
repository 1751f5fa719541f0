#include "cli/spawn.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"

extern char **environ;

int spawn_run(const char *folder, char *const *words, int output)
{
	posix_spawn_file_actions_t actions;
	pid_t process;
	int status = 0;
	posix_spawn_file_actions_init(&actions);
	if (folder != NULL)
		posix_spawn_file_actions_addchdir_np(&actions, folder);
	posix_spawn_file_actions_adddup2(&actions, output < 0 ? STDERR_FILENO : output,
					 STDOUT_FILENO);
	int code = posix_spawnp(&process, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code != 0) {
		fprintf(stderr, "sysgap: %s: %s\n", words[0], strerror(code));
		return EXIT_PROBLEM;
	}
	while (waitpid(process, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_DONE : EXIT_PROBLEM;
}
