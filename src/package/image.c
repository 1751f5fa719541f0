#include "package/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"

/* ---- where the parts of an image lie: in a folder, or in a plain tar, not unpacked ---- */

struct blob {
	const char *path;
	struct slice content;
};

struct parts {
	struct arena arena; /* owned */
	const char *folder; /* NULL: a tar */
	struct blob *blobs; /* by path */
	size_t count, capacity;
	struct file_map *maps; /* owned: files of the folder that were opened */
	size_t map_count, map_capacity;
};

static int compare_blobs(const void *left, const void *right)
{
	const struct blob *a = left;
	const struct blob *b = right;
	return strcmp(a->path, b->path);
}

/* An uncompressed tar in memory gives blocks that lie in it, each the whole of a file. */
static void add_blob(struct parts *parts, struct slice tar, struct archive *archive,
		     struct archive_entry *header)
{
	char path[ENTRY_MAX_PATH_BYTES];
	const void *block;
	size_t size_bytes;
	int64_t off;
	const char *raw = archive_entry_pathname(header);
	if (raw == NULL || !entry_path(raw, path) || archive_entry_hardlink(header) != NULL ||
	    archive_entry_filetype(header) != AE_IFREG ||
	    archive_read_data_block(archive, &block, &size_bytes, &off) != ARCHIVE_OK)
		return;
	const uint8_t *bytes = block;
	if (bytes < tar.bytes || bytes > tar.bytes + tar.size_bytes ||
	    (int64_t)size_bytes != archive_entry_size(header))
		return;
	if (parts->count == parts->capacity)
		parts->blobs = arena_grow(&parts->arena, parts->blobs, parts->count,
					  sizeof(*parts->blobs), &parts->capacity);
	parts->blobs[parts->count++] =
	    (struct blob){ arena_string(&parts->arena, path), { bytes, size_bytes } };
}

static void index_tar(struct parts *parts, struct slice tar)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *header;
	if (archive != NULL && archive_read_support_format_tar(archive) == ARCHIVE_OK &&
	    archive_read_open_memory(archive, tar.bytes, tar.size_bytes) == ARCHIVE_OK)
		while (parts->count < IMAGE_MAX_BLOBS &&
		       archive_read_next_header(archive, &header) >= ARCHIVE_WARN)
			add_blob(parts, tar, archive, header);
	if (archive != NULL)
		(void)archive_read_free(archive);
	if (parts->count > 1)
		qsort(parts->blobs, parts->count, sizeof(*parts->blobs), compare_blobs);
}

static bool open_part(struct parts *parts, const char *path, struct slice *out_content)
{
	if (parts->folder == NULL) {
		const struct blob key = { .path = path };
		const struct blob *found =
		    parts->count == 0
			? NULL
			: bsearch(&key, parts->blobs, parts->count, sizeof(key), compare_blobs);
		if (found != NULL)
			*out_content = found->content;
		return found != NULL;
	}
	struct file_map map;
	struct error ignored;
	const char *full = arena_printf(&parts->arena, "%s%s", parts->folder, path);
	if (file_map_open(full, ENTRY_MAX_TOTAL_BYTES, &map, &ignored) != STATUS_OK)
		return false;
	if (parts->map_count == parts->map_capacity)
		parts->maps = arena_grow(&parts->arena, parts->maps, parts->map_count,
					 sizeof(*parts->maps), &parts->map_capacity);
	parts->maps[parts->map_count++] = map;
	*out_content = map.content;
	return true;
}

static void close_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->map_count; i++)
		file_map_close(&parts->maps[i]);
	arena_finish(&parts->arena);
}

/* ---- which layers ---- */

struct layers {
	struct slice contents[IMAGE_MAX_LAYERS]; /* lowest first */
	size_t count;
};

static json_t *read_json(struct parts *parts, const char *path)
{
	struct slice text;
	if (!open_part(parts, path, &text) || text.size_bytes > IMAGE_MAX_JSON_BYTES)
		return NULL;
	return json_loadb((const char *)text.bytes, text.size_bytes, 0, NULL);
}

/* "sha256:abc" lies in blobs/sha256/abc. NULL: no digest, or one that leaves the folder. */
static const char *blob_path(struct parts *parts, const json_t *descriptor)
{
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));
	const char *colon = digest == NULL ? NULL : strchr(digest, ':');
	if (colon == NULL || strchr(digest, '/') != NULL || strstr(digest, "..") != NULL)
		return NULL;
	return arena_printf(&parts->arena, "/blobs/%.*s/%s", (int)(colon - digest), digest,
			    colon + 1);
}

static enum status add_layer(struct parts *parts, struct layers *layers, const char *path,
			     struct error *err)
{
	if (layers->count == IMAGE_MAX_LAYERS)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d layers",
				 IMAGE_MAX_LAYERS);
	if (path == NULL || !open_part(parts, path, &layers->contents[layers->count]))
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "layer %zu is not there",
				 layers->count + 1);
	layers->count++;
	return STATUS_OK;
}

/* Of several images the first for linux/amd64, else the first. */
static const json_t *choose_manifest(const json_t *index)
{
	const json_t *manifests = json_object_get(index, "manifests");
	const json_t *one;
	size_t i;
	json_array_foreach(manifests, i, one)
	{
		const json_t *platform = json_object_get(one, "platform");
		const char *arch = json_string_value(json_object_get(platform, "architecture"));
		if (arch != NULL && strcmp(arch, "amd64") == 0)
			return one;
	}
	return json_array_get(manifests, 0);
}

enum { INDEX_MAX_DEPTH = 4 };

static enum status find_oci_layers(struct parts *parts, const char *path, int depth,
				   struct layers *layers, struct error *err)
{
	json_t *json = path == NULL ? NULL : read_json(parts, path);
	const json_t *list = json_object_get(json, "layers");
	const json_t *one;
	size_t i;
	enum status status = STATUS_OK;
	if (json == NULL || depth == INDEX_MAX_DEPTH) {
		status = error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "no manifest");
	} else if (list == NULL) {
		status = find_oci_layers(parts, blob_path(parts, choose_manifest(json)), depth + 1,
					 layers, err);
	} else {
		json_array_foreach(list, i, one)
		{
			if (status == STATUS_OK)
				status = add_layer(parts, layers, blob_path(parts, one), err);
		}
	}
	json_decref(json);
	return status;
}

static enum status find_docker_layers(struct parts *parts, struct layers *layers, struct error *err)
{
	json_t *json = read_json(parts, "/manifest.json");
	const json_t *list = json_object_get(json_array_get(json, 0), "Layers");
	const json_t *one;
	size_t i;
	char path[ENTRY_MAX_PATH_BYTES];
	enum status status = STATUS_OK;
	if (!json_is_array(list))
		status = error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "manifest.json: no layers");
	json_array_foreach(list, i, one)
	{
		const char *name = json_string_value(one);
		bool plain = name != NULL && entry_path(name, path);
		if (status == STATUS_OK)
			status = add_layer(parts, layers, plain ? path : NULL, err);
	}
	json_decref(json);
	return status;
}

/* ---- what a container sees of them ---- */

/* Paths that lower layers no longer have; "/a" hides /a and all below it, "/a/" only the latter. */
struct hidden {
	struct arena arena; /* owned */
	const char **paths; /* open addressing; NULL: free */
	size_t count, capacity;
};

static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */
	for (; *text != '\0'; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3u;
	return value ^ value >> 32;
}

static const char **find_slot(const struct hidden *hidden, const char *path)
{
	size_t at = hash(path) & (hidden->capacity - 1);
	while (hidden->paths[at] != NULL && strcmp(hidden->paths[at], path) != 0)
		at = (at + 1) & (hidden->capacity - 1);
	return &hidden->paths[at];
}

static void hide(struct hidden *hidden, const char *path)
{
	if (hidden->count * 2 >= hidden->capacity) {
		const struct hidden old = *hidden;
		hidden->capacity = old.capacity == 0 ? 1024 : old.capacity * 2;
		hidden->paths =
		    arena_alloc(&hidden->arena, hidden->capacity, sizeof(*hidden->paths));
		for (size_t i = 0; i < old.capacity; i++)
			if (old.paths[i] != NULL)
				*find_slot(hidden, old.paths[i]) = old.paths[i];
	}
	const char **slot = find_slot(hidden, path);
	if (*slot == NULL) {
		*slot = arena_string(&hidden->arena, path);
		hidden->count++;
	}
}

static bool is_hidden(const struct hidden *hidden, const char *path)
{
	char part[ENTRY_MAX_PATH_BYTES];
	if (hidden->count == 0)
		return false;
	for (const char *end = strchr(path + 1, '/'); end != NULL; end = strchr(end + 1, '/')) {
		size_t length = (size_t)(end - path);
		memcpy(part, path, length + 1);
		part[length + 1] = '\0';
		if (*find_slot(hidden, part) != NULL)
			return true;
		part[length] = '\0';
		if (*find_slot(hidden, part) != NULL)
			return true;
	}
	return *find_slot(hidden, path) != NULL;
}

struct merging {
	struct entry_sink *sink;
	struct hidden above; /* by the layers above the present one */
	struct hidden here;  /* what the present one hides from those below */
};

static enum status take(void *context, const struct entry *entry, struct error *err)
{
	static const char mark[] = ".wh.";
	struct merging *merging = context;
	char path[ENTRY_MAX_PATH_BYTES];
	const char *name = strrchr(entry->path, '/') + 1;
	if (strncmp(name, mark, sizeof(mark) - 1) == 0) {
		memcpy(path, entry->path, (size_t)(name - entry->path));
		/* of the names that start with the mark twice only "opaque" hides anything */
		const char *rest = name + sizeof(mark) - 1;
		bool opaque = strcmp(rest, ".wh..opq") == 0;
		size_t rest_bytes = strlen(rest) + 1;
		memcpy(path + (name - entry->path), opaque ? "" : rest, opaque ? 1 : rest_bytes);
		if (opaque || strncmp(rest, mark, sizeof(mark) - 1) != 0)
			hide(&merging->here, path);
		return STATUS_OK;
	}
	if (is_hidden(&merging->above, entry->path))
		return STATUS_OK;
	if (entry->kind != ENTRY_FOLDER)
		hide(&merging->here, entry->path);
	return merging->sink->take(merging->sink->context, entry, err);
}

static bool wants_whole(void *context, const char *path)
{
	const struct merging *merging = context;
	return merging->sink->whole != NULL && merging->sink->whole(merging->sink->context, path);
}

static void hide_all(struct hidden *hidden, const struct hidden *more)
{
	for (size_t i = 0; i < more->capacity; i++)
		if (more->paths[i] != NULL)
			hide(hidden, more->paths[i]);
}

static enum status read_layers(const struct layers *layers, struct buffer *buffer,
			       struct entry_sink *sink, struct error *err)
{
	struct merging merging = { .sink = sink };
	struct entry_sink filter = *sink;
	filter.take = take;
	filter.whole = wants_whole;
	filter.context = &merging;
	enum status status = STATUS_OK;
	for (size_t i = layers->count; i > 0 && status == STATUS_OK; i--) {
		status = tar_read(layers->contents[i - 1], buffer, &filter, err);
		hide_all(&merging.above, &merging.here);
		arena_finish(&merging.here.arena);
		merging.here = (struct hidden){ 0 };
	}
	sink->count = filter.count;
	sink->elf_bytes = filter.elf_bytes;
	sink->total_bytes = filter.total_bytes;
	arena_finish(&merging.above.arena);
	return status;
}

static enum status read_parts(struct parts *parts, struct slice tar, struct buffer *buffer,
			      struct entry_sink *sink, struct error *err)
{
	struct layers layers = { .count = 0 };
	struct slice found;
	enum status status;
	if (open_part(parts, "/manifest.json", &found))
		status = find_docker_layers(parts, &layers, err);
	else if (open_part(parts, "/index.json", &found))
		status = find_oci_layers(parts, "/index.json", 0, &layers, err);
	else if (parts->folder != NULL)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF, "no container image");
	else
		return tar_read(tar, buffer, sink, err);
	return status == STATUS_OK ? read_layers(&layers, buffer, sink, err) : status;
}

enum status image_read(const char *path, struct buffer *buffer, struct entry_sink *sink,
		       struct error *err)
{
	struct parts parts = { 0 };
	struct file_map map = { 0 };
	struct stat info;
	enum status status = STATUS_OK;
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		parts.folder = path;
	else
		status = file_map_open(path, ENTRY_MAX_TOTAL_BYTES, &map, err);
	if (status == STATUS_OK && parts.folder == NULL)
		index_tar(&parts, map.content);
	if (status == STATUS_OK)
		status = read_parts(&parts, map.content, buffer, sink, err);
	file_map_close(&map);
	close_parts(&parts);
	return status;
}
