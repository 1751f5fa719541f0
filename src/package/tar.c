#include "package/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

/* One archive on its way to the sink. */
struct reading {
	struct archive *archive;
	struct archive_entry *header;
	struct buffer *buffer;
	struct entry_sink *sink;
};

static enum status fail(struct reading *reading, struct error *err)
{
	const char *text = archive_error_string(reading->archive);
	return error_set(err, STATUS_MALFORMED, (uint64_t)archive_filter_bytes(reading->archive, 0),
			 "%s", text == NULL ? "damaged archive" : text);
}

/* Names that are not of the C locale's characters are only there as UTF-8. */
static const char *name_of(const char *plain, const char *utf8)
{
	return plain != NULL ? plain : utf8;
}

static enum status account(struct entry_sink *sink, size_t size_bytes, struct error *err)
{
	sink->total_bytes += size_bytes;
	if (sink->total_bytes > ENTRY_MAX_TOTAL_BYTES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %ju bytes unpacked",
				 (uintmax_t)ENTRY_MAX_TOTAL_BYTES);
	return STATUS_OK;
}

static enum status too_large(int64_t size_bytes, struct error *err)
{
	return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "an entry of %jd bytes or more",
			 (intmax_t)size_bytes);
}

/* Appends a block at its place; holes of a sparse file are zeros. */
static enum status append(struct buffer *buffer, const void *block, size_t size_bytes, int64_t off,
			  struct error *err)
{
	static const uint8_t zeros[4096];
	if (off < (int64_t)buffer->size_bytes || (uint64_t)off + size_bytes > ENTRY_MAX_ELF_BYTES)
		return too_large(off, err);
	while (buffer->size_bytes < (size_t)off) {
		size_t gap = (size_t)off - buffer->size_bytes;
		buffer_append(buffer, zeros, gap < sizeof(zeros) ? gap : sizeof(zeros));
	}
	buffer_append(buffer, block, size_bytes);
	return STATUS_OK;
}

/*
 * Reads a file as far as its kind asks for: the head decides whether the rest is kept. The first
 * block is at least 512 bytes, or the whole file.
 */
static enum status read_content(struct reading *reading, struct entry *entry, struct error *err)
{
	const void *block;
	size_t size_bytes;
	int64_t off;
	int result;
	bool keep = reading->sink->whole != NULL &&
		    reading->sink->whole(reading->sink->context, entry->path);
	bool first = true;
	buffer_clear(reading->buffer);
	while ((result = archive_read_data_block(reading->archive, &block, &size_bytes, &off)) ==
	       ARCHIVE_OK) {
		enum status status = account(reading->sink, size_bytes, err);
		if (status != STATUS_OK)
			return status;
		if (keep && off + (int64_t)size_bytes > (int64_t)ENTRY_MAX_WHOLE_BYTES)
			return too_large(off + (int64_t)size_bytes, err);
		if (first && off == 0)
			entry->kind = entry_classify((struct slice){ block, size_bytes });
		/* before it is read: what is too large by its own account */
		if (entry->kind == ENTRY_ELF &&
		    archive_entry_size(reading->header) > (int64_t)ENTRY_MAX_ELF_BYTES)
			return too_large(archive_entry_size(reading->header), err);
		first = first && size_bytes == 0;
		if (!keep && entry->kind != ENTRY_ELF) {
			if (off >= ENTRY_HEAD_BYTES)
				continue;
			size_t room = ENTRY_HEAD_BYTES - (size_t)off;
			entry->whole = entry->whole && size_bytes <= room;
			size_bytes = size_bytes < room ? size_bytes : room;
		}
		status = append(reading->buffer, block, size_bytes, off, err);
		if (status != STATUS_OK)
			return status;
	}
	if (result != ARCHIVE_EOF)
		return fail(reading, err);
	entry->content = buffer_slice(reading->buffer);
	return STATUS_OK;
}

static enum status read_entry(struct reading *reading, struct error *err)
{
	struct entry_sink *sink = reading->sink;
	struct archive_entry *header = reading->header;
	char path[ENTRY_MAX_PATH_BYTES];
	char target[ENTRY_MAX_PATH_BYTES];
	const char *raw =
	    name_of(archive_entry_pathname(header), archive_entry_pathname_utf8(header));
	if (++sink->count > ENTRY_MAX_COUNT)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d entries",
				 ENTRY_MAX_COUNT);
	if (raw == NULL || !entry_path(raw, path)) {
		if (raw == NULL || (strcmp(raw, ".") != 0 && strcmp(raw, "./") != 0))
			problem_add(sink->problems, sink->input, 0, "entry '%.80s' is no path",
				    raw == NULL ? "" : raw);
		return STATUS_OK;
	}
	struct entry entry = { .path = path,
			       .kind = ENTRY_OTHER,
			       .executable = (archive_entry_perm(header) & 0111) != 0,
			       .whole = true };
	const char *hard =
	    name_of(archive_entry_hardlink(header), archive_entry_hardlink_utf8(header));
	if (hard != NULL) {
		if (!entry_path(hard, target))
			return STATUS_OK;
		entry.kind = ENTRY_SAME_AS;
		entry.target = target;
	} else if (archive_entry_filetype(header) == AE_IFLNK) {
		entry.kind = ENTRY_LINK;
		entry.target =
		    name_of(archive_entry_symlink(header), archive_entry_symlink_utf8(header));
		if (entry.target == NULL)
			return STATUS_OK;
	} else if (archive_entry_filetype(header) == AE_IFDIR) {
		entry.kind = ENTRY_FOLDER;
	} else if (archive_entry_filetype(header) == AE_IFREG) {
		enum status status = read_content(reading, &entry, err);
		if (status != STATUS_OK)
			return error_add_context(err, path);
	} else {
		return STATUS_OK; /* devices, pipes */
	}
	if (entry.kind == ENTRY_ELF)
		sink->elf_bytes += entry.content.size_bytes;
	return sink->take(sink->context, &entry, err);
}

static enum status read_all(struct reading *reading, struct slice bytes, struct error *err)
{
	struct archive *archive = reading->archive;
	/* "raw" would take anything for an archive of one file, so only tar is asked for */
	if (archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_lzma(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, bytes.bytes, bytes.size_bytes) != ARCHIVE_OK)
		return fail(reading, err);
	for (;;) {
		int result = archive_read_next_header(archive, &reading->header);
		if (result == ARCHIVE_EOF)
			return STATUS_OK;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return fail(reading, err);
		enum status status = read_entry(reading, err);
		if (status != STATUS_OK)
			return status;
	}
}

enum status tar_read(struct slice bytes, struct buffer *buffer, struct entry_sink *sink,
		     struct error *err)
{
	struct reading reading = { .archive = archive_read_new(), .buffer = buffer, .sink = sink };
	if (reading.archive == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "out of memory");
	enum status status = read_all(&reading, bytes, err);
	(void)archive_read_free(reading.archive);
	return status;
}
