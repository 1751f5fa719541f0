#include "elf/search.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"

/* ---- real files ---- */

int elf_search_open_below(const char *root, const char *path)
{
	if (root[0] == '\0')
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -1;
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT };
	long descriptor = syscall(SYS_openat2, folder, path, &how, sizeof(how));
	int saved = errno;
	(void)close(folder);
	errno = saved;
	return (int)descriptor;
}

const char *elf_search_path_of(struct arena *arena, int descriptor)
{
	char link[64];
	char path[PATH_MAX];
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	ssize_t size_bytes = readlink(link, path, sizeof(path));
	if (size_bytes <= 0 || (size_t)size_bytes >= sizeof(path))
		return NULL;
	return arena_slice(arena, (struct slice){ (const uint8_t *)path, (size_t)size_bytes });
}

static bool is_elf_for(int descriptor, unsigned machine, size_t word_bytes)
{
	uint8_t header[EI_NIDENT + 4];
	if (pread(descriptor, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return false;
	return elf_has_magic((struct slice){ header, sizeof(header) }) &&
	       header[EI_CLASS] == (word_bytes == 8 ? ELFCLASS64 : ELFCLASS32) &&
	       header[EI_DATA] == ELFDATA2LSB && elf_load16(header + EI_NIDENT + 2) == machine;
}

static const char *open_real(void *context, struct arena *arena, const char *path, unsigned machine,
			     size_t word_bytes)
{
	const char *root = context;
	int descriptor = elf_search_open_below(root, path);
	if (descriptor < 0)
		return NULL;
	const char *result = NULL;
	if (is_elf_for(descriptor, machine, word_bytes))
		result = elf_search_path_of(arena, descriptor);
	(void)close(descriptor);
	return result;
}

/* ---- where to look ---- */

struct directories {
	struct arena *arena;
	const char *root;
	const char **paths;
	size_t count;
};

static void add_directory(struct directories *directories, struct slice path)
{
	path = slice_trim(path);
	if (path.size_bytes == 0 || directories->count == SEARCH_MAX_DIRECTORIES)
		return;
	for (size_t i = 0; i < directories->count; i++)
		if (slice_equals_string(path, directories->paths[i]))
			return;
	directories->paths[directories->count++] = arena_slice(directories->arena, path);
}

/* Reads a small text file below the root; empty when there is none. */
static void read_text(const char *root, const char *path, struct buffer *out_text)
{
	int descriptor = elf_search_open_below(root, path);
	if (descriptor < 0)
		return;
	char bytes[4096];
	ssize_t size_bytes;
	while (out_text->size_bytes < SEARCH_MAX_CONF_BYTES &&
	       (size_bytes = read(descriptor, bytes, sizeof(bytes))) > 0)
		buffer_append(out_text, bytes, (size_t)size_bytes);
	(void)close(descriptor);
}

static void read_conf(struct directories *directories, const char *path, unsigned depth);

/* "include /etc/ld.so.conf.d/\*.conf": a pattern below the root. */
static void include_conf(struct directories *directories, struct slice pattern, unsigned depth)
{
	struct buffer full = { 0 };
	buffer_append_string(&full, directories->root);
	if (pattern.size_bytes > 0 && pattern.bytes[0] != '/')
		buffer_append_string(&full, "/etc/");
	buffer_append(&full, pattern.bytes, pattern.size_bytes);
	glob_t found;
	if (glob(buffer_string(&full), 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			read_conf(directories, found.gl_pathv[i] + strlen(directories->root),
				  depth + 1);
		globfree(&found);
	}
	buffer_finish(&full);
}

static void read_conf_line(struct directories *directories, struct slice line, unsigned depth)
{
	static const char include[] = "include";
	const size_t include_bytes = sizeof(include) - 1;
	const uint8_t *hash =
	    line.size_bytes == 0 ? NULL : memchr(line.bytes, '#', line.size_bytes);
	if (hash != NULL)
		line.size_bytes = (size_t)(hash - line.bytes);
	line = slice_trim(line);
	if (line.size_bytes > include_bytes && memcmp(line.bytes, include, include_bytes) == 0 &&
	    (line.bytes[include_bytes] == ' ' || line.bytes[include_bytes] == '\t')) {
		struct slice rest = { line.bytes + include_bytes, line.size_bytes - include_bytes };
		include_conf(directories, slice_trim(rest), depth);
		return;
	}
	struct slice part;
	while (slice_next_field(&line, ':', &part))
		add_directory(directories, part);
}

static void read_conf(struct directories *directories, const char *path, unsigned depth)
{
	if (depth > SEARCH_MAX_INCLUDE_DEPTH)
		return;
	struct buffer text = { 0 };
	read_text(directories->root, path, &text);
	struct slice rest = buffer_slice(&text);
	struct slice line;
	while (slice_next_line(&rest, &line))
		read_conf_line(directories, line, depth);
	buffer_finish(&text);
}

static const char *musl_path_file(const struct elf_file *program)
{
	if (program->interpreter == NULL || strstr(program->interpreter, "/ld-musl-") == NULL)
		return NULL;
	return program->arch == ARCH_AARCH64 ? "/etc/ld-musl-aarch64.path"
					     : "/etc/ld-musl-x86_64.path";
}

static void add_built_in(struct directories *directories, const struct elf_file *program)
{
	static const char *const triplets[ARCH_COUNT] = {
		[ARCH_X86_64] = "x86_64-linux-gnu",
		[ARCH_AARCH64] = "aarch64-linux-gnu",
		[ARCH_RISCV64] = "riscv64-linux-gnu",
		[ARCH_I386] = "i386-linux-gnu",
	};
	static const char *const prefixes[] = { "/lib", "/usr/lib" };
	for (size_t i = 0; i < 2 && program->arch != ARCH_UNKNOWN; i++)
		add_directory(directories,
			      slice_of_string(arena_printf(directories->arena, "%s/%s", prefixes[i],
							   triplets[program->arch])));
	const char *last =
	    program->word_bytes == 8 ? "/lib64:/usr/lib64:/lib:/usr/lib" : "/lib:/usr/lib";
	struct slice rest = slice_of_string(last);
	struct slice part;
	while (slice_next_field(&rest, ':', &part))
		add_directory(directories, part);
}

struct elf_search elf_search_system(struct arena *arena, const char *root,
				    const struct elf_file *program)
{
	struct directories directories = {
		.arena = arena,
		.root = root,
		.paths = arena_alloc(arena, SEARCH_MAX_DIRECTORIES, sizeof(char *)),
	};
	const char *musl = musl_path_file(program);
	if (musl != NULL) {
		read_conf(&directories, musl, 0);
		if (directories.count == 0)
			for (int i = 0; i < 3; i++)
				add_directory(&directories,
					      slice_of_string((const char *[]){
						  "/lib", "/usr/local/lib", "/usr/lib" }[i]));
	} else {
		read_conf(&directories, "/etc/ld.so.conf", 0);
		add_built_in(&directories, program);
	}
	return (struct elf_search){
		.open = open_real,
		.context = (void *)root,
		.directories = directories.paths,
		.directory_count = directories.count,
	};
}

/* ---- the order ---- */

static struct slice folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return slice_of_string(".");
	return (struct slice){ (const uint8_t *)path, slash == path ? 1 : (size_t)(slash - path) };
}

/* $ORIGIN, $LIB and $PLATFORM, also in braces. */
static void expand(struct buffer *out, struct slice text, const struct elf_requester *requester)
{
	const struct elf_file *file = requester->file;
	const struct {
		const char *token;
		struct slice value;
	} tokens[] = {
		{ "$ORIGIN", folder_of(requester->path) },
		{ "${ORIGIN}", folder_of(requester->path) },
		{ "$LIB", slice_of_string(file->word_bytes == 8 ? "lib64" : "lib") },
		{ "${LIB}", slice_of_string(file->word_bytes == 8 ? "lib64" : "lib") },
		{ "$PLATFORM", slice_of_string(file->arch == ARCH_AARCH64 ? "aarch64" : "x86_64") },
		{ "${PLATFORM}",
		  slice_of_string(file->arch == ARCH_AARCH64 ? "aarch64" : "x86_64") },
	};
	for (size_t at = 0; at < text.size_bytes;) {
		size_t used = 0;
		for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]) && used == 0; i++) {
			size_t size_bytes = strlen(tokens[i].token);
			if (text.size_bytes - at < size_bytes ||
			    memcmp(text.bytes + at, tokens[i].token, size_bytes) != 0)
				continue;
			buffer_append(out, tokens[i].value.bytes, tokens[i].value.size_bytes);
			used = size_bytes;
		}
		if (used == 0)
			buffer_append(out, text.bytes + at, used = 1);
		at += used;
	}
}

static const char *open_in(const struct elf_search *search, struct arena *arena,
			   struct slice directory, const char *name,
			   const struct elf_requester *requester)
{
	struct buffer path = { 0 };
	expand(&path, directory, requester);
	if (directory.size_bytes > 0)
		buffer_append_string(&path, "/");
	expand(&path, slice_of_string(name), requester);
	const char *result = search->open(search->context, arena, buffer_string(&path),
					  requester->file->machine, requester->file->word_bytes);
	buffer_finish(&path);
	return result;
}

static const char *open_along(const struct elf_search *search, struct arena *arena,
			      const char *list, const char *name,
			      const struct elf_requester *requester)
{
	if (list == NULL)
		return NULL;
	struct slice rest = slice_of_string(list);
	struct slice directory;
	while (slice_next_field(&rest, ':', &directory)) {
		if (directory.size_bytes == 0)
			directory = slice_of_string(".");
		const char *found = open_in(search, arena, directory, name, requester);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* DT_RPATH of the object and of everything that loaded it, none of them with a DT_RUNPATH. */
static const char *open_by_rpath(const struct elf_search *search, struct arena *arena,
				 const char *name, const struct elf_requester *requester)
{
	if (requester->dynamic->runpath != NULL)
		return NULL;
	for (const struct elf_requester *who = requester; who != NULL; who = who->loader) {
		if (who->dynamic->runpath != NULL)
			continue;
		const char *found = open_along(search, arena, who->dynamic->rpath, name, who);
		if (found != NULL)
			return found;
	}
	return NULL;
}

const char *elf_search_find(const struct elf_search *search, struct arena *arena, const char *name,
			    const struct elf_requester *requester)
{
	if (strchr(name, '/') != NULL)
		return open_in(search, arena, (struct slice){ 0 }, name, requester);
	const char *found = open_by_rpath(search, arena, name, requester);
	if (found == NULL)
		found = open_along(search, arena, search->library_path, name, requester);
	if (found == NULL)
		found = open_along(search, arena, requester->dynamic->runpath, name, requester);
	for (size_t i = 0; i < search->directory_count && found == NULL; i++)
		found = open_in(search, arena, slice_of_string(search->directories[i]), name,
				requester);
	return found;
}
