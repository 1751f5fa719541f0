/* The text files under /proc -> numbers. Source: proc(5). */
#include "explore/processes.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TCP_LISTEN = 10 }; /* Linux v6.1 include/net/tcp_states.h */

/* The number of the next process of a listing of /proc; NULL: no more. */
static const char *next_process(DIR *processes)
{
	const struct dirent *entry;
	while ((entry = readdir(processes)) != NULL)
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
			return entry->d_name;
	return NULL;
}

/* ---- waiting for a CPU ---- */

/* What a thread has waited for a CPU, in ns: Linux v6.1 Documentation/scheduler/sched-stats.rst. */
static uint64_t waited_ns(const char *process, const char *thread)
{
	char path[64];
	uint64_t waited = 0;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/schedstat", process, thread);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %" SCNu64, &waited) != 1)
		waited = 0;
	(void)fclose(file);
	return waited;
}

static uint64_t longer(uint64_t left, uint64_t right)
{
	return left > right ? left : right;
}

/* The longest wait of a living thread of the process. */
static uint64_t longest_wait_ns(const char *process)
{
	char path[64];
	uint64_t longest = 0;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/task", process);
	DIR *threads = opendir(path);
	const struct dirent *entry;
	while (threads != NULL && (entry = readdir(threads)) != NULL) {
		uint64_t waited = entry->d_name[0] == '.' ? 0 : waited_ns(process, entry->d_name);
		longest = longer(longest, waited);
	}
	if (threads != NULL)
		(void)closedir(threads);
	return longest;
}

uint64_t processes_longest_wait_ns(void)
{
	uint64_t longest = 0;
	DIR *processes = opendir("/proc");
	const char *process;
	while (processes != NULL && (process = next_process(processes)) != NULL)
		longest = longer(longest, longest_wait_ns(process));
	if (processes != NULL)
		(void)closedir(processes);
	return longest;
}

/* ---- memory and descriptors ---- */

/* A number after a key of /proc/ID/status, in kB there. */
static uint64_t status_bytes(const char *id, const char *key)
{
	char path[64];
	char line[256];
	uint64_t value = 0;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/status", id);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoull(line + strlen(key), NULL, 10) * 1024;
	(void)fclose(file);
	return value;
}

static uint32_t count_descriptors(const char *id)
{
	char path[64];
	uint32_t count = 0;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", id);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return 0;
	const struct dirent *entry;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			count++;
	(void)closedir(folder);
	return count;
}

void processes_measure(uint64_t *out_peak_bytes, uint32_t *out_descriptor_count)
{
	DIR *processes = opendir("/proc");
	const char *process;
	*out_peak_bytes = 0;
	*out_descriptor_count = 0;
	while (processes != NULL && (process = next_process(processes)) != NULL) {
		if (strcmp(process, "1") == 0)
			continue;
		*out_peak_bytes += status_bytes(process, "VmHWM:");
		*out_descriptor_count += count_descriptors(process);
	}
	if (processes != NULL)
		(void)closedir(processes);
}

/* ---- ports ---- */

/* proc_net_tcp: "sl local_address rem_address st …", hexadecimal. */
static bool listens_in(const char *path, uint16_t port)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool found = false;
	char line[512];
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		unsigned local_port;
		unsigned state;
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &local_port, &state) == 2)
			found = state == TCP_LISTEN && local_port == port;
	}
	(void)fclose(file);
	return found;
}

bool processes_listen_at(uint16_t port)
{
	return listens_in("/proc/net/tcp", port) || listens_in("/proc/net/tcp6", port);
}
