#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

static enum status map_descriptor(int descriptor, uint64_t max_bytes, struct file_map *out_map,
				  struct error *err)
{
	struct stat info;
	if (fstat(descriptor, &info) != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	if (S_ISDIR(info.st_mode))
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "is a directory");
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "not a regular file");
	uint64_t size_bytes = (uint64_t)info.st_size;
	if (size_bytes > max_bytes)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
				 "%ju bytes, more than the limit of %ju", (uintmax_t)size_bytes,
				 (uintmax_t)max_bytes);
	if (size_bytes == 0) {
		*out_map = (struct file_map){ 0 };
		return STATUS_OK;
	}
	void *start = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (start == MAP_FAILED)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	*out_map = (struct file_map){ .content = { start, (size_t)size_bytes },
				      .start = start,
				      .mapped_bytes = (size_t)size_bytes };
	return STATUS_OK;
}

enum status file_map_open(const char *path, uint64_t max_bytes, struct file_map *out_map,
			  struct error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	enum status status = map_descriptor(descriptor, max_bytes, out_map, err);
	(void)close(descriptor);
	return status;
}

/* Until its end, or to one byte more than may be: pages that nothing fills cost nothing. */
static enum status read_pipe(int descriptor, uint64_t max_bytes, struct file_map *out_map,
			     struct error *err)
{
	size_t room_bytes = (size_t)max_bytes + 1;
	uint8_t *start = mmap(NULL, room_bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	size_t size_bytes = 0;
	ssize_t got;
	do {
		got = read(descriptor, start + size_bytes, room_bytes - size_bytes);
		size_bytes += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && size_bytes < room_bytes) || (got < 0 && errno == EINTR));
	if (got >= 0 && size_bytes <= max_bytes) {
		*out_map = (struct file_map){ .content = { start, size_bytes },
					      .start = start,
					      .mapped_bytes = room_bytes };
		return STATUS_OK;
	}
	(void)munmap(start, room_bytes);
	if (got < 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than the limit of %ju bytes",
			 (uintmax_t)max_bytes);
}

enum status file_input_open(const char *path, uint64_t max_bytes, struct file_map *out_map,
			    struct error *err)
{
	struct stat info;
	if (stat(path, &info) != 0 || !S_ISFIFO(info.st_mode))
		return file_map_open(path, max_bytes, out_map, err);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	enum status status = read_pipe(descriptor, max_bytes, out_map, err);
	(void)close(descriptor);
	return status;
}

void file_map_drop(struct slice part)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)part.bytes;
	uintptr_t first = (start + page - 1) & ~(page - 1);
	uintptr_t end = (start + part.size_bytes) & ~(page - 1);
	if (end > first)
		(void)madvise((void *)first, end - first, MADV_DONTNEED);
}

void file_map_close(struct file_map *map)
{
	if (map->start != NULL)
		(void)munmap(map->start, map->mapped_bytes);
	*map = (struct file_map){ 0 };
}

enum status file_make_folders(const char *path, mode_t mode, struct error *err)
{
	struct buffer part = { 0 };
	enum status status = STATUS_OK;
	for (const char *at = path; (at = strchr(at, '/')) != NULL && status == STATUS_OK; at++) {
		buffer_clear(&part);
		buffer_append(&part, path, (size_t)(at - path));
		if (at != path && mkdir(buffer_string(&part), mode) != 0 && errno != EEXIST)
			status = error_set(err, STATUS_IO, ERROR_NO_OFF, "%s: %s",
					   buffer_string(&part), strerror(errno));
	}
	buffer_finish(&part);
	return status;
}
