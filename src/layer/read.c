/* Tells the forms of a layer file apart and turns what its reader collected into a layer. */
#include "layer/read.h"

#include <string.h>

#include "base/file.h"
#include "base/names.h"
#include "layer/builder.h"

static struct slice first_line_with_content(struct slice content)
{
	struct slice line;
	while (slice_next_line(&content, &line)) {
		line = layer_strip_comment(line);
		if (line.size_bytes > 0)
			return line;
	}
	return (struct slice){ 0 };
}

static bool has_c_entries(struct slice content)
{
	return memmem(content.bytes, content.size_bytes, "[__NR_", 6) != NULL;
}

static enum status read_form(struct slice content, struct layer_builder *builder, struct error *err)
{
	content = slice_skip_mark(content);
	struct slice trimmed = slice_trim(content);
	if (has_c_entries(content))
		return layer_read_c_table(content, builder);
	if (trimmed.size_bytes > 0 && (trimmed.bytes[0] == '[' || trimmed.bytes[0] == '{'))
		return layer_read_json(content, builder, err);
	if (layer_is_csv(first_line_with_content(content)))
		return layer_read_csv(content, builder, err);
	return layer_read_lines(content, builder);
}

/* "path/my-layer.txt" -> "my-layer" */
static const char *name_from_input(struct arena *arena, const char *input)
{
	const char *name = names_of_path(input);
	const char *dot = strrchr(name, '.');
	size_t size_bytes = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
	return arena_slice(arena, (struct slice){ (const uint8_t *)name, size_bytes });
}

static struct layer finish(struct layer_builder *builder)
{
	struct layer_entry *entries =
	    arena_alloc(builder->arena, builder->call_count, sizeof(*entries));
	size_t count = 0;
	for (uint32_t number = 0; number < SYSCALL_NUMBER_LIMIT; number++)
		if (builder->calls[number].known)
			entries[count++] =
			    (struct layer_entry){ number, builder->calls[number].level,
						  builder->calls[number].note };
	struct layer layer = builder->layer;
	layer.entries = entries;
	layer.entry_count = count;
	if (layer.name == NULL || layer.name[0] == '\0')
		layer.name = name_from_input(builder->arena, builder->input);
	if (layer.source.title == NULL)
		layer.source.title = arena_string(builder->arena, builder->input);
	return layer;
}

enum status layer_read(struct slice content, const char *input, enum arch arch,
		       struct problem_list *problems, struct layer *out_layer, struct error *err)
{
	if (content.size_bytes == 0)
		return error_set(err, STATUS_MALFORMED, 0, "empty, so no layer");
	const uint8_t *nul = memchr(content.bytes, '\0', content.size_bytes);
	if (nul != NULL)
		return error_set(err, STATUS_MALFORMED, (uint64_t)(nul - content.bytes),
				 "a NUL byte, so no text and no layer");

	struct layer_builder *builder = arena_alloc(problems->arena, 1, sizeof(*builder));
	builder->arena = problems->arena;
	builder->problems = problems;
	builder->input = input;
	builder->layer.arch = arch;
	enum status status = read_form(content, builder, err);
	if (status != STATUS_OK)
		return status;
	if (builder->call_count == 0)
		return error_set(err, STATUS_MALFORMED, 0, "no syscall of %s in it",
				 arch_name(builder->layer.arch));
	*out_layer = finish(builder);
	return STATUS_OK;
}

enum status layer_read_file(const char *path, enum arch arch, struct problem_list *problems,
			    struct layer *out_layer, struct error *err)
{
	struct file_map map;
	enum status status = file_input_open(path, LAYER_MAX_FILE_BYTES, &map, err);
	if (status != STATUS_OK)
		return status;
	status = layer_read(map.content, path, arch, problems, out_layer, err);
	file_map_close(&map);
	return status;
}
