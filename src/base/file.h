#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"

/*
 * A regular file mapped read-only. A file that shrinks while it is mapped raises SIGBUS on
 * access, as with every mapped reader; survey's workers turn that into one error record.
 */
struct file_map {
	struct slice content; /* borrowed from the map, until file_map_close */
	void *start;          /* owned mapping, NULL for an empty file */
	size_t mapped_bytes;
};

/*
 * path        of a regular file of at most max_bytes; anything else is refused
 * out_map     written only on STATUS_OK
 * returns     STATUS_IO: cannot be opened, not a regular file; STATUS_LIMIT: larger than max_bytes
 */
enum status file_map_open(const char *path, uint64_t max_bytes, struct file_map *out_map,
			  struct error *err) __attribute__((warn_unused_result, nonnull));

/* The same for a file that a user named: it may also be a pipe, which is read to its end. */
enum status file_input_open(const char *path, uint64_t max_bytes, struct file_map *out_map,
			    struct error *err) __attribute__((warn_unused_result, nonnull));
void file_map_close(struct file_map *map); /* safe to call twice */

/*
 * Gives back the memory of part of a mapped file, which is read anew where it is touched again.
 * Of file_map_open's only: a pipe's content would be lost.
 */
void file_map_drop(struct slice part);

/*
 * Makes the folders above the path that are missing. mode: of those, as mkdir(2) takes it
 * returns   STATUS_IO; folders that were there before are no error
 */
enum status file_make_folders(const char *path, mode_t mode, struct error *err)
    __attribute__((warn_unused_result, nonnull));
