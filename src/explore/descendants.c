/* A process -> the processes below it, from /proc. */
#include "explore/descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_DEPTH = 64 };

static size_t read_children(const char *path, pid_t *out_children, size_t capacity)
{
	FILE *file = fopen(path, "re");
	size_t count = 0;
	int id;
	if (file == NULL)
		return 0;
	while (count < capacity && fscanf(file, "%d", &id) == 1)
		out_children[count++] = id;
	(void)fclose(file);
	return count;
}

/* Each thread has a list of its own. */
static size_t children_of(pid_t process, pid_t *out_children, size_t capacity)
{
	char path[64];
	size_t count = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	DIR *threads = opendir(path);
	const struct dirent *entry;
	while (threads != NULL && (entry = readdir(threads)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)process,
			       entry->d_name);
		count += read_children(path, out_children + count, capacity - count);
	}
	if (threads != NULL)
		(void)closedir(threads);
	return count;
}

size_t descendants_children(pid_t *out_children, size_t capacity)
{
	return children_of(getpid(), out_children, capacity);
}

static bool is_among(pid_t process, const pid_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == process)
			return true;
	return false;
}

/* Parents first, so that none sees its child die and goes on. */
static size_t kill_tree(pid_t process, int depth)
{
	pid_t *children = calloc(DESCENDANTS_MAX_CHILDREN, sizeof(*children));
	size_t count = 0;
	if (children != NULL && depth < MAX_DEPTH)
		count = children_of(process, children, DESCENDANTS_MAX_CHILDREN);
	size_t killed = kill(process, SIGKILL) == 0;
	for (size_t i = 0; i < count; i++)
		killed += kill_tree(children[i], depth + 1);
	free(children);
	return killed;
}

size_t descendants_kill(const pid_t *except, size_t except_count)
{
	pid_t *children = calloc(DESCENDANTS_MAX_CHILDREN, sizeof(*children));
	size_t killed = 0;
	if (children == NULL)
		return 0;
	size_t count = descendants_children(children, DESCENDANTS_MAX_CHILDREN);
	for (size_t i = 0; i < count; i++)
		if (!is_among(children[i], except, except_count))
			killed += kill_tree(children[i], 0);
	free(children);
	return killed;
}
