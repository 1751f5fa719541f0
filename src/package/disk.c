#include "package/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Like file_map_open, but only what the kind asks for: most files are neither ELF nor script. */
static enum status read_regular(int descriptor, uint64_t size_bytes, struct entry *entry,
				uint8_t head[ENTRY_HEAD_BYTES], struct file_map *map,
				struct error *err)
{
	ssize_t got = read(descriptor, head, ENTRY_HEAD_BYTES);
	if (got < 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	entry->content = (struct slice){ head, (size_t)got };
	entry->kind = entry_classify(entry->content);
	entry->whole = size_bytes <= (uint64_t)got;
	if (entry->kind != ENTRY_ELF)
		return STATUS_OK;
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	enum status status = file_map_open(path, ENTRY_MAX_ELF_BYTES, map, err);
	entry->content = map->content;
	entry->whole = true;
	return status;
}

static enum status take_regular(const char *path, struct entry *entry, struct entry_sink *sink,
				struct error *err)
{
	uint8_t head[ENTRY_HEAD_BYTES];
	struct file_map map = { 0 };
	struct stat info = { 0 };
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	enum status status;
	if (descriptor < 0 || fstat(descriptor, &info) != 0)
		status = error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	else
		status = read_regular(descriptor, (uint64_t)info.st_size, entry, head, &map, err);
	if (descriptor >= 0)
		(void)close(descriptor);
	if (status != STATUS_OK) {
		problem_add(sink->problems, entry->path, 0, "%s", err->text);
		return STATUS_OK;
	}
	if (entry->kind == ENTRY_ELF)
		sink->elf_bytes += entry->content.size_bytes;
	sink->total_bytes += (uint64_t)info.st_size;
	const uint64_t stamp[] = { (uint64_t)info.st_size, (uint64_t)info.st_mtim.tv_sec,
				   (uint64_t)info.st_mtim.tv_nsec, info.st_ino };
	memcpy(entry->stamp, stamp, sizeof(stamp));
	status = sink->take(sink->context, entry, err);
	file_map_close(&map);
	return status;
}

static enum status take_path(const char *full, const char *path, struct entry_sink *sink,
			     struct error *err)
{
	struct stat info;
	char target[ENTRY_MAX_PATH_BYTES];
	struct entry entry = { .path = path };
	if (++sink->count > ENTRY_MAX_COUNT)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d files",
				 ENTRY_MAX_COUNT);
	if (lstat(full, &info) != 0) {
		problem_add(sink->problems, path, 0, "%s", strerror(errno));
		return STATUS_OK;
	}
	if (S_ISLNK(info.st_mode)) {
		ssize_t length = readlink(full, target, sizeof(target) - 1);
		if (length < 0)
			return STATUS_OK;
		target[length] = '\0';
		entry.kind = ENTRY_LINK;
		entry.target = target;
	} else if (S_ISDIR(info.st_mode)) {
		entry.kind = ENTRY_FOLDER;
	} else if (S_ISREG(info.st_mode)) {
		entry.executable = (info.st_mode & 0111) != 0;
		return take_regular(full, &entry, sink, err);
	} else {
		return STATUS_OK;
	}
	return sink->take(sink->context, &entry, err);
}

enum status disk_read_path(const char *root, const char *path, struct entry_sink *sink,
			   struct error *err)
{
	char full[2 * ENTRY_MAX_PATH_BYTES];
	snprintf(full, sizeof(full), "%s%s", root, path);
	return take_path(full, path, sink, err);
}

static int compare_names(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

enum status disk_read_tree(const char *root, struct entry_sink *sink, struct error *err)
{
	char *const roots[] = { (char *)(uintptr_t)root, NULL };
	char path[ENTRY_MAX_PATH_BYTES];
	size_t prefix = strlen(root);
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, compare_names);
	if (walk == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	const FTSENT *found;
	enum status status = STATUS_OK;
	while (status == STATUS_OK && (found = fts_read(walk)) != NULL) {
		if (found->fts_info == FTS_ERR || found->fts_info == FTS_DNR)
			problem_add(sink->problems, found->fts_path, 0, "%s",
				    strerror(found->fts_errno));
		if (found->fts_info != FTS_DP && entry_path(found->fts_path + prefix, path))
			status = take_path(found->fts_path, path, sink, err);
	}
	(void)fts_close(walk);
	return status;
}

static bool read_database(void *context, const char *path, struct slice *out_content)
{
	const struct disk *disk = context;
	char full[2 * ENTRY_MAX_PATH_BYTES];
	struct file_map map;
	struct error ignored;
	snprintf(full, sizeof(full), "%s%s", disk->root, path);
	if (file_map_open(full, ENTRY_MAX_ELF_BYTES, &map, &ignored) != STATUS_OK)
		return false;
	/* a database of thousands of small files: copies instead of so many maps */
	*out_content =
	    (struct slice){ arena_copy(disk->arena, map.content.bytes, map.content.size_bytes, 1),
			    map.content.size_bytes };
	file_map_close(&map);
	return true;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *const **out_names)
{
	const struct disk *disk = context;
	char full[2 * ENTRY_MAX_PATH_BYTES];
	struct dirent **entries;
	snprintf(full, sizeof(full), "%s%s", disk->root, folder);
	int count = scandir(full, &entries, not_hidden, alphasort);
	if (count < 0)
		return 0;
	const char **names = arena_alloc(arena, (size_t)count, sizeof(*names));
	for (int i = 0; i < count; i++) {
		names[i] = arena_string(arena, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*out_names = names;
	return (size_t)count;
}

struct dpkg_files disk_dpkg_files(struct disk *disk)
{
	return (struct dpkg_files){ read_database, list_folder, disk };
}
