/* The child's side of a start: descriptors, identity, observer, filter, execve. */
#include "explore/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/slice.h"

static int try_path(const char *path)
{
	struct stat stat_buffer;
	if (stat(path, &stat_buffer) != 0)
		return errno;
	if (!S_ISREG(stat_buffer.st_mode))
		return EACCES;
	return access(path, X_OK) == 0 ? 0 : errno;
}

static const char *search_path(const struct launch *launch)
{
	for (const char *const *entry = launch->environment; *entry != NULL; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

int launch_find(const struct launch *launch, char *out_path, size_t size_bytes)
{
	const char *name = launch->words[0];
	if (strchr(name, '/') != NULL) {
		if ((size_t)snprintf(out_path, size_bytes, "%s", name) >= size_bytes)
			return ENAMETOOLONG;
		return try_path(out_path);
	}
	struct slice rest = slice_of_string(search_path(launch));
	struct slice folder;
	int result = ENOENT;
	while (slice_next_field(&rest, ':', &folder)) {
		int length = snprintf(out_path, size_bytes, "%.*s/%s", (int)folder.size_bytes,
				      (const char *)folder.bytes, name);
		if (length < 0 || (size_t)length >= size_bytes)
			continue;
		int code = try_path(out_path);
		if (code == 0)
			return 0;
		if (code != ENOENT)
			result = code;
	}
	return result;
}

/* Ends the process even under a filter that answers exit_group: see FILTER_LAUNCH_STATUS. */
static _Noreturn void give_up(const char *what, const char *name)
{
	dprintf(STDERR_FILENO, "sysgap: %s: %s: %s\n", name, what, strerror(errno));
	for (;;)
		(void)syscall(SYS_exit_group, FILTER_LAUNCH_STATUS | LAUNCH_FAILED);
}

static int place_descriptors(const int *descriptors)
{
	for (int i = 0; i < 3; i++)
		if (descriptors[i] != -1 && dup2(descriptors[i], i) == -1)
			return -1;
	return 0;
}

/* The signal state a program expects of a shell: nothing blocked or ignored. */
static void reset_signals(void)
{
	sigset_t none;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < SIGRTMIN; number++)
		(void)signal(number, SIG_DFL);
}

/*
 * Changes the user but keeps the capability that seccomp(2) asks for; execve drops it. Setting
 * the filter first would let it answer our own setresuid.
 */
static int become(uid_t user, gid_t group)
{
	if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setresuid(user, user, user) != 0)
		return -1;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	data[0].permitted = data[0].effective = 1U << CAP_SYS_ADMIN;
	return (int)syscall(SYS_capset, &header, data);
}

/* Puts the path where the filter recognises it. */
static const char *place_path(const char *path)
{
	void *page =
	    mmap((void *)(uintptr_t)FILTER_LAUNCH_ADDRESS, (size_t)getpagesize(), // NOLINT
		 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	return strcpy(page, path); // NOLINT: the path was bounded by launch_find's caller
}

_Noreturn void launch_run(const struct launch *launch)
{
	char found[4096];
	const char *name = launch->words[0];
	reset_signals(); /* first: a handler of the caller's would go on as the caller */
	if (place_descriptors(launch->descriptors) != 0)
		give_up("descriptors", name);
	if (launch->directory != NULL && chdir(launch->directory) != 0)
		give_up(launch->directory, name);
	errno = launch_find(launch, found, sizeof(found));
	if (errno != 0)
		give_up("cannot be started", name);
	const char *path = place_path(found);
	if (path == NULL)
		give_up("mmap", name);
	if (launch->observer != NULL &&
	    observer_follow_self(launch->observer, launch->tally, launch->observer_flags) != 0)
		give_up("the observer cannot follow it", name);
	if (launch->change_user && become(launch->user, launch->group) != 0)
		give_up("change of user", name);
	char go;
	if (launch->gate != -1 && read(launch->gate, &go, 1) != 1)
		give_up("ptrace", name);
	if (launch->filter != NULL && filter_install(launch->filter) != 0)
		give_up("seccomp", name);
	(void)syscall(SYS_execve, path, launch->words, launch->environment);
	give_up("cannot be started", name);
}
