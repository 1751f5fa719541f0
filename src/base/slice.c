#include "base/slice.h"

static bool is_space(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool cut(struct slice *rest, char separator, struct slice *out_part)
{
	if (rest->bytes == NULL)
		return false;
	const uint8_t *end =
	    rest->size_bytes == 0 ? NULL : memchr(rest->bytes, separator, rest->size_bytes);
	if (end == NULL) {
		*out_part = *rest;
		*rest = (struct slice){ NULL, 0 };
		return true;
	}
	size_t part_bytes = (size_t)(end - rest->bytes);
	*out_part = (struct slice){ rest->bytes, part_bytes };
	*rest = (struct slice){ end + 1, rest->size_bytes - part_bytes - 1 };
	return true;
}

bool slice_next_line(struct slice *rest, struct slice *out_line)
{
	if (rest->size_bytes == 0)
		return false;
	return cut(rest, '\n', out_line);
}

bool slice_next_field(struct slice *rest, char separator, struct slice *out_field)
{
	return cut(rest, separator, out_field);
}

struct slice slice_trim(struct slice slice)
{
	while (slice.size_bytes > 0 && is_space(slice.bytes[0])) {
		slice.bytes++;
		slice.size_bytes--;
	}
	while (slice.size_bytes > 0 && is_space(slice.bytes[slice.size_bytes - 1]))
		slice.size_bytes--;
	return slice;
}

static unsigned digit_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - (unsigned)'0';
	if (byte >= 'a' && byte <= 'z')
		return byte - (unsigned)'a' + 10;
	if (byte >= 'A' && byte <= 'Z')
		return byte - (unsigned)'A' + 10;
	return UINT32_MAX;
}

struct slice slice_skip_mark(struct slice text)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	if (text.size_bytes < sizeof(mark) || memcmp(text.bytes, mark, sizeof(mark)) != 0)
		return text;
	return (struct slice){ text.bytes + sizeof(mark), text.size_bytes - sizeof(mark) };
}

bool slice_parse_uint(struct slice slice, unsigned base, uint64_t *out_value)
{
	uint64_t value = 0;
	for (size_t i = 0; i < slice.size_bytes; i++) {
		unsigned digit = digit_value(slice.bytes[i]);
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (slice.size_bytes == 0)
		return false;
	*out_value = value;
	return true;
}

int slice_compare_string(struct slice slice, const char *string)
{
	size_t string_bytes = strlen(string);
	size_t common = slice.size_bytes < string_bytes ? slice.size_bytes : string_bytes;
	int order = common == 0 ? 0 : memcmp(slice.bytes, string, common);
	if (order != 0 || slice.size_bytes == string_bytes)
		return order;
	return slice.size_bytes < string_bytes ? -1 : 1;
}
