#include "survey/pool.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Files start at pages, so that each can be mapped. */
static uint64_t round_up(uint64_t size_bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	return (size_bytes + page - 1) / page * page;
}

enum status pool_open(uint64_t max_bytes, struct pool *out_pool, struct error *err)
{
	struct pool pool = { .max_bytes = max_bytes };
	pool.descriptor = memfd_create("sysgap-elf-files", MFD_CLOEXEC);
	if (pool.descriptor < 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "memfd: %s", strerror(errno));
	pool.head = mmap(NULL, sizeof(*pool.head), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pool.head == MAP_FAILED) {
		(void)close(pool.descriptor);
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "mmap: %s", strerror(errno));
	}
	*out_pool = pool;
	return STATUS_OK;
}

enum status pool_clear(struct pool *pool, struct error *err)
{
	if (pool->head == NULL)
		return STATUS_OK;
	if (ftruncate(pool->descriptor, 0) != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "memfd: %s", strerror(errno));
	atomic_store(&pool->head->used_bytes, 0);
	return STATUS_OK;
}

void pool_close(struct pool *pool)
{
	if (pool->head == NULL)
		return;
	(void)munmap(pool->head, sizeof(*pool->head));
	(void)close(pool->descriptor);
	*pool = (struct pool){ .descriptor = -1 };
}

uint64_t pool_append(struct pool *pool, struct slice bytes)
{
	if (pool->head == NULL)
		return POOL_NOWHERE;
	uint64_t size_bytes = round_up(bytes.size_bytes);
	uint64_t off = atomic_fetch_add(&pool->head->used_bytes, size_bytes);
	if (off + size_bytes > pool->max_bytes)
		return POOL_NOWHERE;
	for (size_t done = 0; done < bytes.size_bytes;) {
		ssize_t written = pwrite(pool->descriptor, bytes.bytes + done,
					 bytes.size_bytes - done, (off_t)(off + done));
		if (written < 0 && errno != EINTR)
			return POOL_NOWHERE;
		done += written > 0 ? (size_t)written : 0;
	}
	return off;
}

bool pool_map(const struct pool *pool, uint64_t off, uint64_t size_bytes, struct slice *out_bytes)
{
	if (pool->head == NULL || off == POOL_NOWHERE || size_bytes == 0)
		return false;
	void *start =
	    mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, pool->descriptor, (off_t)off);
	if (start == MAP_FAILED)
		return false;
	*out_bytes = (struct slice){ start, (size_t)size_bytes };
	return true;
}
