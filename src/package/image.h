#pragma once

#include "package/tar.h"

enum { IMAGE_MAX_LAYERS = 512, IMAGE_MAX_BLOBS = 1 << 16, IMAGE_MAX_JSON_BYTES = 4 << 20 };

/*
 * Hands the files of a container image to a sink: those that a container of it would see, each
 * once, from the uppermost layer down.
 *
 * path      an OCI layout (a folder or a plain tar of one), what `docker save` writes, or a tar of
 *           a root file system, which may be compressed
 * returns   STATUS_UNSUPPORTED: none of these; STATUS_MALFORMED, STATUS_LIMIT
 * source    OCI image-layout and layer specifications 1.1, "Whiteouts"
 */
enum status image_read(const char *path, struct buffer *buffer, struct entry_sink *sink,
		       struct error *err) __attribute__((warn_unused_result, nonnull));
