#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *err, enum status status, uint64_t input_off, const char *format,
		      ...)
{
	err->status = status;
	err->input_off = input_off;

	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return status;
}

enum status error_add_context(struct error *err, const char *context)
{
	char text[sizeof(err->text)];
	memcpy(text, err->text, sizeof(text));
	(void)snprintf(err->text, sizeof(err->text), "%.120s: %.*s", context,
		       (int)(sizeof(err->text) - 128), text);
	return err->status;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_OK] = "ok",
		[STATUS_IO] = "io",
		[STATUS_MALFORMED] = "malformed",
		[STATUS_UNSUPPORTED] = "unsupported",
		[STATUS_LIMIT] = "limit",
		[STATUS_NOT_FOUND] = "not found",
		[STATUS_DENIED] = "denied",
		[STATUS_BUSY] = "busy",
	};
	return names[status];
}
