#include "package/ar.h"

#include <stdbool.h>
#include <string.h>

static const char magic[] = "!<arch>\n";

enum { MAGIC_BYTES = 8, HEADER_BYTES = 60, NAME_FIELD_BYTES = 16, SIZE_OFF = 48, SIZE_BYTES = 10 };

enum status ar_open(struct slice archive, size_t *out_off, struct error *err)
{
	if (archive.size_bytes < MAGIC_BYTES || memcmp(archive.bytes, magic, MAGIC_BYTES) != 0)
		return error_set(err, STATUS_UNSUPPORTED, 0, "not an ar archive");
	*out_off = MAGIC_BYTES;
	return STATUS_OK;
}

static void copy_name(const uint8_t *field, char *name)
{
	size_t length = NAME_FIELD_BYTES;
	memcpy(name, field, length);
	while (length > 0 && name[length - 1] == ' ')
		length--;
	if (length > 0 && name[length - 1] == '/')
		length--;
	name[length] = '\0';
}

enum status ar_next(struct slice archive, size_t *off, struct ar_member *out_member,
		    struct error *err)
{
	size_t left = archive.size_bytes - *off;
	const uint8_t *header = archive.bytes + *off;
	uint64_t size_bytes;
	if (left == 0 || (left == 1 && header[0] == '\n'))
		return STATUS_NOT_FOUND;
	if (left < HEADER_BYTES || memcmp(header + HEADER_BYTES - 2, "`\n", 2) != 0)
		return error_set(err, STATUS_MALFORMED, *off, "not a member of an ar archive");
	if (!slice_parse_uint(slice_trim((struct slice){ header + SIZE_OFF, SIZE_BYTES }), 10,
			      &size_bytes) ||
	    size_bytes > left - HEADER_BYTES)
		return error_set(err, STATUS_MALFORMED, *off + SIZE_OFF,
				 "the member does not end inside the archive");
	copy_name(header, out_member->name);
	out_member->content = (struct slice){ header + HEADER_BYTES, (size_t)size_bytes };
	/* members start at even offsets */
	size_t next = *off + HEADER_BYTES + (size_t)size_bytes + (size_bytes & 1);
	*off = next < archive.size_bytes ? next : archive.size_bytes;
	return STATUS_OK;
}
