#include "made.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void choose(struct archive *archive, enum made_filter filter)
{
	switch (filter) {
	case MADE_PLAIN:
		break;
	case MADE_XZ:
		must(archive_write_add_filter_xz(archive) == ARCHIVE_OK);
		break;
	case MADE_GZIP:
		must(archive_write_add_filter_gzip(archive) == ARCHIVE_OK);
		break;
	case MADE_BZIP2:
		must(archive_write_add_filter_bzip2(archive) == ARCHIVE_OK);
		break;
	case MADE_ZSTD:
		must(archive_write_add_filter_zstd(archive) == ARCHIVE_OK);
		break;
	}
}

static void write_entry(struct archive *archive, const struct made_entry *made)
{
	struct archive_entry *entry = archive_entry_new();
	size_t size_bytes = made->content == NULL ? 0 : strlen(made->content);
	archive_entry_set_pathname(entry, made->path);
	archive_entry_set_perm(entry, made->mode == 0 ? 0644 : made->mode);
	archive_entry_set_filetype(entry, made->content == NULL ? AE_IFDIR : AE_IFREG);
	if (made->link != NULL && made->link[0] == '=') {
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_hardlink(entry, made->link + 1);
	} else if (made->link != NULL) {
		archive_entry_set_filetype(entry, AE_IFLNK);
		archive_entry_set_symlink(entry, made->link);
	}
	archive_entry_set_size(entry, (int64_t)size_bytes);
	must(archive_write_header(archive, entry) == ARCHIVE_OK);
	if (size_bytes > 0)
		must(archive_write_data(archive, made->content, size_bytes) == (ssize_t)size_bytes);
	archive_entry_free(entry);
}

void make_tar(struct buffer *out, const struct made_entry *entries, enum made_filter filter)
{
	size_t capacity = 4 << 20;
	size_t used = 0;
	char *memory = malloc(capacity);
	struct archive *archive = archive_write_new();
	must(memory != NULL && archive != NULL);
	choose(archive, filter);
	must(archive_write_set_format_pax_restricted(archive) == ARCHIVE_OK);
	must(archive_write_open_memory(archive, memory, capacity, &used) == ARCHIVE_OK);
	for (; entries->path != NULL; entries++)
		write_entry(archive, entries);
	must(archive_write_close(archive) == ARCHIVE_OK);
	must(archive_write_free(archive) == ARCHIVE_OK);
	buffer_append(out, memory, used);
	free(memory);
}

void make_member(struct buffer *out, const char *name, struct slice content)
{
	if (out->size_bytes == 0)
		buffer_append_string(out, "!<arch>\n");
	buffer_printf(out, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644u,
		      content.size_bytes);
	buffer_append(out, content.bytes, content.size_bytes);
	if (content.size_bytes % 2 != 0)
		buffer_append(out, "\n", 1);
}

static enum status list(void *context, const struct entry *entry, struct error *err)
{
	static const char *const kinds[] = { "elf", "script", "other", "link", "same", "folder" };
	struct listing *listing = context;
	(void)err;
	buffer_printf(&listing->lines, "%s%s %s", kinds[entry->kind], entry->executable ? "*" : "",
		      entry->path);
	if (entry->target != NULL)
		buffer_printf(&listing->lines, " -> %s", entry->target);
	else if (entry->kind != ENTRY_FOLDER)
		buffer_printf(&listing->lines, " %zu", entry->content.size_bytes);
	buffer_append(&listing->lines, "\n", 1);
	return STATUS_OK;
}

void listing_init(struct listing *listing)
{
	*listing = (struct listing){ 0 };
	listing->problems.arena = &listing->arena;
	listing->sink = (struct entry_sink){
		.take = list, .context = listing, .problems = &listing->problems, .input = "made"
	};
	buffer_append_string(&listing->lines, "");
}

void listing_finish(struct listing *listing)
{
	buffer_finish(&listing->lines);
	buffer_finish(&listing->scratch);
	arena_finish(&listing->arena);
}
