#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
	*out_map = (struct file_map){ .content = { start, (size_t)size_bytes }, .start = start };
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

void file_map_close(struct file_map *map)
{
	if (map->start != NULL)
		(void)munmap(map->start, map->content.size_bytes);
	*map = (struct file_map){ 0 };
}
