#pragma once

#include <stddef.h>
#include <stdint.h>

enum status {
	STATUS_OK = 0,
	STATUS_IO,
	STATUS_MALFORMED,
	STATUS_UNSUPPORTED,
	STATUS_LIMIT,
	STATUS_NOT_FOUND,
	STATUS_DENIED,
	STATUS_BUSY,
};

#define ERROR_NO_OFF UINT64_MAX

/* Owned by the caller, normally on its stack; never allocates. */
struct error {
	enum status status;
	uint64_t input_off; /* byte offset in the input, UINT64_MAX when none */
	char text[256];
};

/* Puts "context: " before the text, cutting its end when it no longer fits. */
enum status error_add_context(struct error *err, const char *context);

/* Fills *err and returns status, so a failing function can return the call. */
enum status error_set(struct error *err, enum status status, uint64_t input_off, const char *format,
		      ...) __attribute__((format(printf, 4, 5)));

const char *status_name(enum status status);
