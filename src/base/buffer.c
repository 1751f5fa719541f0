#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST_BYTES = 256 };

static void reserve(struct buffer *buffer, size_t more_bytes)
{
	size_t need_bytes;
	if (__builtin_add_overflow(buffer->size_bytes, more_bytes, &need_bytes) ||
	    need_bytes > SIZE_MAX / 4) {
		fputs("buffer size overflows\n", stderr);
		abort();
	}
	need_bytes++; /* the closing NUL */
	if (need_bytes <= buffer->capacity_bytes)
		return;
	size_t capacity_bytes =
	    buffer->capacity_bytes == 0 ? (size_t)BUFFER_FIRST_BYTES : buffer->capacity_bytes;
	while (capacity_bytes < need_bytes)
		capacity_bytes *= 2;
	char *bytes = realloc(buffer->bytes, capacity_bytes);
	if (bytes == NULL) {
		fputs("out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	buffer->bytes = bytes;
	buffer->capacity_bytes = capacity_bytes;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size_bytes)
{
	reserve(buffer, size_bytes);
	if (size_bytes > 0)
		memcpy(buffer->bytes + buffer->size_bytes, bytes, size_bytes);
	buffer->size_bytes += size_bytes;
	buffer->bytes[buffer->size_bytes] = '\0';
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, args);
	if (size > 0) {
		reserve(buffer, (size_t)size);
		(void)vsnprintf(buffer->bytes + buffer->size_bytes, (size_t)size + 1, format,
				again);
		buffer->size_bytes += (size_t)size;
	}
	va_end(again);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buffer_vprintf(buffer, format, args);
	va_end(args);
}

const char *buffer_string(const struct buffer *buffer)
{
	return buffer->bytes == NULL ? "" : buffer->bytes;
}

struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){ (const uint8_t *)buffer->bytes, buffer->size_bytes };
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size_bytes = 0;
	if (buffer->bytes != NULL)
		buffer->bytes[0] = '\0';
}

void buffer_finish(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){ 0 };
}
