#include "package/unpack.h"

#include <archive.h>
#include <archive_entry.h>

static enum status read_all(struct archive *archive, struct slice bytes, uint64_t max_bytes,
			    struct buffer *out, struct error *err)
{
	char block[1 << 16];
	struct archive_entry *header;
	la_ssize_t got;
	if (archive_read_support_filter_all(archive) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, bytes.bytes, bytes.size_bytes) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &header) != ARCHIVE_OK)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "%s",
				 archive_error_string(archive));
	while ((got = archive_read_data(archive, block, sizeof(block))) > 0) {
		if (out->size_bytes + (size_t)got > max_bytes)
			return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
					 "more than %ju bytes unpacked", (uintmax_t)max_bytes);
		buffer_append(out, block, (size_t)got);
	}
	if (got < 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "%s",
				 archive_error_string(archive));
	return STATUS_OK;
}

enum status unpack(struct slice bytes, uint64_t max_bytes, struct buffer *out, struct error *err)
{
	buffer_append(out, "", 0);
	if (bytes.size_bytes == 0)
		return STATUS_OK; /* no file of the format "raw" */
	struct archive *archive = archive_read_new();
	if (archive == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "out of memory");
	enum status status = read_all(archive, bytes, max_bytes, out, err);
	(void)archive_read_free(archive);
	return status;
}
