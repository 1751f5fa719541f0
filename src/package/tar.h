#pragma once

#include "base/buffer.h"
#include "package/entry.h"

/*
 * Hands the entries of a tar archive to a sink while it is decompressed; nothing is kept but the
 * ELF file at hand. GNU and PAX names and sparse files, hard and symbolic links.
 *
 * bytes      plain, or compressed by xz, zstd, gzip, bzip2 or lzma; borrowed for the call
 * buffer     for the ELF file at hand; a caller with many archives keeps it
 * returns    what the sink returned; STATUS_MALFORMED, STATUS_LIMIT (see package/entry.h)
 * source     tar(5), pax(1); libarchive reads both
 */
enum status tar_read(struct slice bytes, struct buffer *buffer, struct entry_sink *sink,
		     struct error *err) __attribute__((warn_unused_result, nonnull));
