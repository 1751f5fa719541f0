#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed view of bytes, passed by value. Text in it is not terminated. */
struct slice {
	const uint8_t *bytes; /* borrowed; may be NULL when size_bytes is 0 */
	size_t size_bytes;
};

static inline struct slice slice_of_string(const char *string)
{
	return (struct slice){ (const uint8_t *)string, strlen(string) };
}

static inline bool slice_equals(struct slice a, struct slice b)
{
	return a.size_bytes == b.size_bytes &&
	       (a.size_bytes == 0 || memcmp(a.bytes, b.bytes, a.size_bytes) == 0);
}

static inline bool slice_equals_string(struct slice a, const char *string)
{
	return slice_equals(a, slice_of_string(string));
}

/* The order of strcmp(3). */
int slice_compare_string(struct slice slice, const char *string);

/* Cuts the next line (without its newline) off the front of *rest; false when nothing is left. */
bool slice_next_line(struct slice *rest, struct slice *out_line);

/* Cuts up to the next separator off *rest; the part after the last separator comes last. */
bool slice_next_field(struct slice *rest, char separator, struct slice *out_field);

/* The slice without ASCII white space at both ends. */
struct slice slice_trim(struct slice slice);

/* The text without the mark of UTF-8 that some editors put in front (a byte order mark). */
struct slice slice_skip_mark(struct slice text);

/* Reads the whole slice as an unsigned number in the base; false when it is anything else. */
bool slice_parse_uint(struct slice slice, unsigned base, uint64_t *out_value);
