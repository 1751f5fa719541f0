#include "cli/survey_inputs.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/spawn.h"
#include "package/disk.h"
#include "package/entry.h"

static bool is_folder(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool has(struct arena *arena, const char *folder, const char *name)
{
	return access(arena_printf(arena, "%s/%s", folder, name), F_OK) == 0;
}

static void add(struct survey_inputs *inputs, struct input input)
{
	struct stat info;
	if (input.kind == INPUT_DEB || input.kind == INPUT_IMAGE)
		input.size_bytes = stat(input.path, &info) == 0 ? (uint64_t)info.st_size : 0;
	if (inputs->count == inputs->capacity)
		inputs->inputs = arena_grow(&inputs->arena, inputs->inputs, inputs->count,
					    sizeof(*inputs->inputs), &inputs->capacity);
	inputs->inputs[inputs->count++] = input;
}

/* ---- a system's packages ---- */

static int add_installed(struct survey_inputs *inputs, const char *root)
{
	struct disk disk = { root, &inputs->arena };
	struct dpkg_files files = disk_dpkg_files(&disk);
	struct dpkg_database database;
	struct error err;
	if (dpkg_read(&files, &inputs->arena, &inputs->problems, &database, &err) != STATUS_OK)
		return report_error(root[0] == '\0' ? "/" : root, &err);
	for (size_t i = 0; i < database.count; i++)
		add(inputs, (struct input){ .kind = INPUT_INSTALLED,
					    .path = root,
					    .installed = &database.packages[i] });
	inputs->root = root;
	inputs->replace = true;
	inputs->title = root[0] == '\0'
			    ? "installed packages"
			    : arena_printf(&inputs->arena, "packages installed in %s", root);
	return EXIT_DONE;
}

/* ---- packages in files ---- */

static struct survey_inputs *walking; /* nftw has no context */

static int add_deb(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	const char *ending = strrchr(path, '.');
	(void)info;
	(void)where;
	if (kind == FTW_F && ending != NULL && strcmp(ending, ".deb") == 0)
		add(walking,
		    (struct input){ INPUT_DEB, .path = arena_string(&walking->arena, path) });
	return 0;
}

static int compare_inputs(const void *left, const void *right)
{
	const struct input *a = left;
	const struct input *b = right;
	return strcmp(a->path, b->path);
}

enum { MAX_OPEN_FOLDERS = 32 };

/* All .deb files of a tree, by path. */
static size_t add_debs(struct survey_inputs *inputs, const char *folder)
{
	size_t before = inputs->count;
	walking = inputs;
	(void)nftw(folder, add_deb, MAX_OPEN_FOLDERS, FTW_PHYS);
	if (inputs->count - before > 1)
		qsort(inputs->inputs + before, inputs->count - before, sizeof(*inputs->inputs),
		      compare_inputs);
	return inputs->count - before;
}

/* Of a root folder: as the kernel names files below it; "" for the running system. */
static const char *real_root(struct survey_inputs *inputs, const char *path)
{
	char *real = realpath(path, NULL);
	const char *folder = arena_string(&inputs->arena, real == NULL ? path : real);
	free(real);
	return strcmp(folder, "/") == 0 ? "" : folder;
}

static int add_folder(struct survey_inputs *inputs, const char *path)
{
	struct arena *arena = &inputs->arena;
	const char *folder = real_root(inputs, path);
	if (has(arena, folder, "var/lib/dpkg/status") ||
	    has(arena, folder, "var/lib/dpkg/status.d"))
		return add_installed(inputs, folder);
	if (has(arena, folder, "index.json") || has(arena, folder, "manifest.json")) {
		add(inputs, (struct input){ INPUT_IMAGE, .path = folder });
		return EXIT_DONE;
	}
	if (add_debs(inputs, folder) > 0)
		return EXIT_DONE;
	/* a root of its own, or a part of the running system */
	bool system = has(arena, folder, "etc") &&
		      (has(arena, folder, "lib") || has(arena, folder, "usr/lib"));
	inputs->root = system ? folder : "";
	inputs->title = arena_printf(arena, "folder %s", folder);
	inputs->replace = true;
	add(inputs, (struct input){ INPUT_TREE, .path = folder, .root = inputs->root });
	return EXIT_DONE;
}

static int add_path(struct survey_inputs *inputs, const char *path)
{
	char head[8] = { 0 };
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "sysgap: %s: %s\n", path, strerror(errno));
		return EXIT_PROBLEM;
	}
	size_t got = fread(head, 1, sizeof(head), file);
	(void)fclose(file);
	bool deb = got == sizeof(head) && memcmp(head, "!<arch>\n", sizeof(head)) == 0;
	add(inputs, (struct input){ deb ? INPUT_DEB : INPUT_IMAGE, .path = path });
	return EXIT_DONE;
}

/* ---- apt ---- */

/* head, then all names, then NULL. */
static char **words_of(struct arena *arena, const char *const *head, size_t head_count,
		       const char *const *names, size_t name_count)
{
	char **words = arena_alloc(arena, head_count + name_count + 1, sizeof(*words));
	for (size_t i = 0; i < head_count; i++)
		words[i] = arena_string(arena, head[i]);
	for (size_t i = 0; i < name_count; i++)
		words[head_count + i] = arena_string(arena, names[i]);
	return words;
}

/* Real packages at the beginning of a line of "apt-cache depends --recurse". */
static size_t read_names(struct arena *arena, FILE *file, const char *const **out_names)
{
	char line[512];
	const char **names = NULL;
	size_t count = 0;
	size_t capacity = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == ' ' || line[0] == '<' || line[0] == '|' || line[0] == '\0' ||
		    strchr(line, ':') != NULL)
			continue;
		if (count == capacity)
			names = arena_grow(arena, names, count, sizeof(*names), &capacity);
		names[count++] = arena_string(arena, line);
	}
	*out_names = names;
	return count;
}

static int list_dependencies(struct arena *arena, const char *const **names, size_t *count)
{
	static const char *const depends[] = { "apt-cache",     "depends",
					       "--recurse",     "--no-recommends",
					       "--no-suggests", "--no-conflicts",
					       "--no-breaks",   "--no-replaces",
					       "--no-enhances", "--" };
	FILE *output = tmpfile();
	if (output == NULL) {
		fprintf(stderr, "sysgap: temporary file: %s\n", strerror(errno));
		return EXIT_PROBLEM;
	}
	int code = spawn_run(NULL, words_of(arena, depends, 10, *names, *count), fileno(output));
	rewind(output);
	*count = read_names(arena, output, names);
	(void)fclose(output);
	return code;
}

static int fetch(struct survey_inputs *inputs, const struct arguments *arguments)
{
	static const char *const download[] = { "apt-get", "-qq", "download", "--" };
	struct arena *arena = &inputs->arena;
	char folder[] = "/tmp/sysgap-apt-XXXXXX";
	const char *const *names = arguments->operands;
	size_t count = arguments->operand_count;
	int code = EXIT_DONE;
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0) {
		fprintf(stderr, "sysgap: %s: %s\n", folder, strerror(errno));
		return EXIT_PROBLEM;
	}
	inputs->scratch = arena_string(arena, folder);
	if (argument_given(arguments, "dependencies"))
		code = list_dependencies(arena, &names, &count);
	if (code == EXIT_DONE)
		code = spawn_run(folder, words_of(arena, download, 4, names, count), -1);
	if (code == EXIT_DONE)
		(void)add_debs(inputs, inputs->scratch);
	return code;
}

/* ---- all ---- */

int survey_inputs_open(const struct arguments *arguments, struct survey_inputs *out_inputs)
{
	struct survey_inputs *inputs = out_inputs;
	const char *root = argument_value(arguments, "sysroot");
	int code = EXIT_DONE;
	*inputs = (struct survey_inputs){ .title = "packages" };
	inputs->problems.arena = &inputs->arena;
	if (argument_given(arguments, "installed"))
		return add_installed(inputs, real_root(inputs, root == NULL ? "/" : root));
	if (argument_given(arguments, "apt"))
		return fetch(inputs, arguments);
	for (size_t i = 0; i < arguments->operand_count && code == EXIT_DONE; i++) {
		const char *path = arguments->operands[i];
		code = is_folder(path) ? add_folder(inputs, path) : add_path(inputs, path);
		if (code == EXIT_DONE && inputs->root != NULL && arguments->operand_count > 1)
			return usage_error(arguments,
					   "%s lies unpacked on a disk: scan it by itself", path);
	}
	return code;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	return remove(path);
}

void survey_inputs_close(struct survey_inputs *inputs)
{
	if (inputs->scratch != NULL)
		(void)nftw(inputs->scratch, remove_one, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	arena_finish(&inputs->arena);
}

bool survey_inputs_is_package(const char *path)
{
	char head[512];
	if (is_folder(path))
		return true;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false; /* perhaps a command's name */
	size_t got = fread(head, 1, sizeof(head), file);
	(void)fclose(file);
	struct slice start = { (const uint8_t *)head, got };
	bool ar = got >= 8 && memcmp(head, "!<arch>\n", 8) == 0;
	bool tar = got >= 262 && memcmp(head + 257, "ustar", 5) == 0;
	static const struct {
		const char *bytes;
		size_t count;
	} packed[] = { { "\x1f\x8b", 2 },
		       { "\xfd"
			 "7zXZ",
			 5 },
		       { "BZh", 3 },
		       { "\x28\xb5\x2f\xfd", 4 } };
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		tar = tar || (got >= packed[i].count &&
			      memcmp(head, packed[i].bytes, packed[i].count) == 0);
	return entry_classify(start) != ENTRY_ELF && (ar || tar);
}
