#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Takes from the calling process all rights that reading packages does not need: it may read files
 * below some folders, map memory and write to what is open; no new programs, no sockets, no
 * signals to others, no files changed. What the kernel cannot do (old Landlock) is left out.
 *
 * readable       files and folders; borrowed for the call
 * memory_bytes   of address space; 0: no limit
 * source         landlock(7), seccomp(2), setrlimit(2)
 */
enum status confine_self(const char *const *readable, size_t count, uint64_t memory_bytes,
			 struct error *err) __attribute__((warn_unused_result));
