/* Any bytes as a Debian package, as a tar, and as control fields. */
#include <string.h>

#include "check.h"
#include "package/control.h"
#include "package/deb.h"
#include "package/relation.h"
#include "package/version.h"

static enum status take(void *context, const struct entry *entry, struct error *err)
{
	char name[ENTRY_MAX_PATH_BYTES];
	(void)context;
	check(entry->path[0] == '/' && strstr(entry->path, "/../") == NULL);
	check((entry->kind == ENTRY_LINK || entry->kind == ENTRY_SAME_AS) ==
	      (entry->target != NULL));
	check(entry->kind != ENTRY_SAME_AS || entry->target[0] == '/');
	check(entry->kind != ENTRY_ELF || entry->whole);
	if (entry_interpreter(entry->content, name))
		check(entry->kind == ENTRY_SCRIPT && name[0] != '\0');
	if (entry->kind == ENTRY_ELF && entry->content.size_bytes > 1 << 20)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "enough");
	return STATUS_OK;
}

static void check_package(struct slice stanza, struct arena *arena)
{
	struct package package;
	size_t count;
	if (!control_package(stanza, arena, &package))
		return;
	check(package.name[0] != '\0' && package.version != NULL);
	check(version_compare(package.version, package.version) == 0);
	const struct relation *relations = relations_parse(package.depends, arena, &count);
	check(count == 0 || relations[count - 1].last);
	for (size_t i = 0; i < count; i++) {
		check(relations[i].name[0] != '\0');
		check((relations[i].operator_ == RELATION_ANY) == (relations[i].version == NULL));
		(void)relation_allows(&relations[i], package.version);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct slice input = { bytes, size_bytes };
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct entry_sink sink = { .take = take, .problems = &problems, .input = "fuzz" };
	struct buffer buffer = { 0 };
	struct error err = { 0 };
	struct deb deb;
	struct package package;
	struct slice rest = input;
	struct slice stanza;
	if (deb_open(input, &deb, &err) == STATUS_OK) {
		check(deb.data.bytes + deb.data.size_bytes <= bytes + size_bytes);
		if (deb_read_control(&deb, &arena, &sink, &package, &err) == STATUS_OK)
			check(package.name[0] != '\0');
		if (tar_read(deb.data, &buffer, &sink, &err) != STATUS_OK)
			check(err.text[0] != '\0');
	} else if (tar_read(input, &buffer, &sink, &err) != STATUS_OK) {
		check(err.text[0] != '\0');
	}
	while (control_next_stanza(&rest, &stanza))
		check_package(stanza, &arena);
	buffer_finish(&buffer);
	arena_finish(&arena);
	return 0;
}
