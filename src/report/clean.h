#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

/*
 * Text that may hold anything (file names, names from someone's list) made fit for a line of
 * output: UTF-8 only, every other byte replaced by U+FFFD.
 */
void clean_append_utf8(struct buffer *buffer, struct slice text);

/*
 * The same, with control characters and the marks that turn the direction of writing spelled out
 * ("\n", "\x1b", "\u202e"), so that no name can move a cursor, forge a line or hide itself.
 */
void clean_append(struct buffer *buffer, struct slice text);

/* Terminal columns that clean text takes. */
size_t clean_width(struct slice text);
