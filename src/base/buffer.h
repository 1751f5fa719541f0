#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Bytes that grow. Like the arena it exits when the system has no memory, so callers bound
 * what they append from input. A zeroed struct is an empty buffer.
 */
struct buffer {
	char *bytes; /* owned; always followed by a NUL once anything was appended */
	size_t size_bytes;
	size_t capacity_bytes;
};

void buffer_append(struct buffer *buffer, const void *bytes, size_t size_bytes);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
const char *buffer_string(const struct buffer *buffer); /* borrowed until the next append */
struct slice buffer_slice(const struct buffer *buffer); /* likewise */
void buffer_clear(struct buffer *buffer);               /* keeps the memory */
void buffer_finish(struct buffer *buffer);              /* safe to call twice */
