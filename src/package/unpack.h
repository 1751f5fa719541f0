#pragma once

#include "base/buffer.h"
#include "base/error.h"

/*
 * One compressed file (gzip, xz, bzip2, zstd) in memory; what is not compressed is only copied.
 *
 * out       appended to; at most max_bytes
 * returns   STATUS_MALFORMED, STATUS_LIMIT
 */
enum status unpack(struct slice bytes, uint64_t max_bytes, struct buffer *out, struct error *err)
    __attribute__((warn_unused_result, nonnull));
