#include "report/clean.h"

#include <utf8proc.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Cuts one code point off *rest, or one wrong byte and returns -1. */
static int32_t next_code_point(struct slice *rest, struct slice *out_bytes)
{
	utf8proc_int32_t code_point;
	utf8proc_ssize_t size =
	    utf8proc_iterate(rest->bytes, (utf8proc_ssize_t)rest->size_bytes, &code_point);
	size_t size_bytes = size > 0 ? (size_t)size : 1;
	*out_bytes = (struct slice){ rest->bytes, size_bytes };
	*rest = (struct slice){ rest->bytes + size_bytes, rest->size_bytes - size_bytes };
	return size > 0 ? code_point : -1;
}

void clean_append_utf8(struct buffer *buffer, struct slice text)
{
	struct slice bytes;
	while (text.size_bytes > 0) {
		if (next_code_point(&text, &bytes) < 0)
			buffer_append_string(buffer, replacement);
		else
			buffer_append(buffer, bytes.bytes, bytes.size_bytes);
	}
}

/* Unicode 15, general categories Cc and Cf, line and paragraph separators; not soft hyphens and
 * joiners, which scripts and emoji need. */
static bool is_dangerous(int32_t code_point)
{
	if (code_point == 0xad || code_point == 0x200c || code_point == 0x200d)
		return false;
	utf8proc_category_t category = utf8proc_category(code_point);
	return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static void append_spelled(struct buffer *buffer, int32_t code_point)
{
	if (code_point == '\n')
		buffer_append_string(buffer, "\\n");
	else if (code_point == '\t')
		buffer_append_string(buffer, "\\t");
	else if (code_point < 0x100)
		buffer_printf(buffer, "\\x%02x", (unsigned)code_point);
	else
		buffer_printf(buffer, "\\u%04x", (unsigned)code_point);
}

void clean_append(struct buffer *buffer, struct slice text)
{
	struct slice bytes;
	while (text.size_bytes > 0) {
		int32_t code_point = next_code_point(&text, &bytes);
		if (code_point < 0)
			buffer_append_string(buffer, replacement);
		else if (is_dangerous(code_point))
			append_spelled(buffer, code_point);
		else
			buffer_append(buffer, bytes.bytes, bytes.size_bytes);
	}
}

size_t clean_width(struct slice text)
{
	size_t width = 0;
	struct slice bytes;
	while (text.size_bytes > 0) {
		int32_t code_point = next_code_point(&text, &bytes);
		width += code_point < 0 ? 1 : (size_t)utf8proc_charwidth(code_point);
	}
	return width;
}
