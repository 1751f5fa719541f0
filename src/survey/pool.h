#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/*
 * The ELF files of packages that lie nowhere unpacked, in memory that all workers share: those that
 * read packages append, those that analyse programs map.
 */
struct pool {
	int descriptor; /* of a memfd; -1: no pool */
	struct pool_head {
		atomic_ullong used_bytes;
	} * head; /* shared */
	uint64_t max_bytes;
};

#define POOL_NOWHERE UINT64_MAX

enum status pool_open(uint64_t max_bytes, struct pool *out_pool, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* Forgets all that was appended. */
enum status pool_clear(struct pool *pool, struct error *err)
    __attribute__((warn_unused_result, nonnull));
void pool_close(struct pool *pool); /* safe to call twice */

/* The place of the bytes, or POOL_NOWHERE: no pool, or it is full. */
uint64_t pool_append(struct pool *pool, struct slice bytes);

/* Maps what was appended, for the rest of the process. False: there is nothing at this place. */
bool pool_map(const struct pool *pool, uint64_t off, uint64_t size_bytes, struct slice *out_bytes);
