#include "elf/dynamic.h"

#include <elf.h>
#include <string.h>

/* Tags that are only copied, and where to. */
static const struct {
	int64_t tag;
	size_t field;
} plain_tags[] = {
	{ DT_FLAGS_1, offsetof(struct elf_dynamic, flags_1) },
	{ DT_INIT, offsetof(struct elf_dynamic, init_va) },
	{ DT_FINI, offsetof(struct elf_dynamic, fini_va) },
	{ DT_PREINIT_ARRAY, offsetof(struct elf_dynamic, preinit_array.va) },
	{ DT_PREINIT_ARRAYSZ, offsetof(struct elf_dynamic, preinit_array.size_bytes) },
	{ DT_INIT_ARRAY, offsetof(struct elf_dynamic, init_array.va) },
	{ DT_INIT_ARRAYSZ, offsetof(struct elf_dynamic, init_array.size_bytes) },
	{ DT_FINI_ARRAY, offsetof(struct elf_dynamic, fini_array.va) },
	{ DT_FINI_ARRAYSZ, offsetof(struct elf_dynamic, fini_array.size_bytes) },
	{ DT_SYMTAB, offsetof(struct elf_dynamic, symbols_va) },
	{ DT_RELA, offsetof(struct elf_dynamic, rela.va) },
	{ DT_RELASZ, offsetof(struct elf_dynamic, rela.size_bytes) },
	{ DT_REL, offsetof(struct elf_dynamic, rel.va) },
	{ DT_RELSZ, offsetof(struct elf_dynamic, rel.size_bytes) },
	{ DT_RELR, offsetof(struct elf_dynamic, relr.va) },
	{ DT_RELRSZ, offsetof(struct elf_dynamic, relr.size_bytes) },
	{ DT_JMPREL, offsetof(struct elf_dynamic, jump_slots.va) },
	{ DT_PLTRELSZ, offsetof(struct elf_dynamic, jump_slots.size_bytes) },
	{ DT_HASH, offsetof(struct elf_dynamic, hash_va) },
	{ DT_GNU_HASH, offsetof(struct elf_dynamic, gnu_hash_va) },
	{ DT_VERSYM, offsetof(struct elf_dynamic, versions_va) },
	{ DT_VERDEF, offsetof(struct elf_dynamic, version_definitions_va) },
	{ DT_VERDEFNUM, offsetof(struct elf_dynamic, version_definition_count) },
	{ DT_VERNEED, offsetof(struct elf_dynamic, version_needs_va) },
	{ DT_VERNEEDNUM, offsetof(struct elf_dynamic, version_need_count) },
	{ DT_PLTGOT, offsetof(struct elf_dynamic, plt_got_va) },
};

struct entry {
	int64_t tag;
	uint64_t value;
};

static struct entry load_entry(const struct elf_file *file, const uint8_t *bytes)
{
	if (file->word_bytes == 8)
		return (struct entry){ (int64_t)elf_load64(bytes), elf_load64(bytes + 8) };
	return (struct entry){ (int32_t)elf_load32(bytes), elf_load32(bytes + 4) };
}

static void take_plain(struct elf_dynamic *dynamic, struct entry entry)
{
	for (size_t i = 0; i < sizeof(plain_tags) / sizeof(plain_tags[0]); i++)
		if (plain_tags[i].tag == entry.tag)
			memcpy((char *)dynamic + plain_tags[i].field, &entry.value,
			       sizeof(entry.value));
}

const char *elf_dynamic_string(const struct elf_dynamic *dynamic, uint64_t off)
{
	if (off >= dynamic->strings.size_bytes ||
	    memchr(dynamic->strings.bytes + off, '\0', dynamic->strings.size_bytes - off) == NULL)
		return NULL;
	return (const char *)dynamic->strings.bytes + off;
}

/* The second pass, when the string table is known. */
static void take_string(struct elf_dynamic *dynamic, struct entry entry, const char **needed)
{
	const char *string = elf_dynamic_string(dynamic, entry.value);
	if (string == NULL)
		return;
	if (entry.tag == DT_NEEDED)
		needed[dynamic->needed_count++] = string;
	else if (entry.tag == DT_SONAME)
		dynamic->soname = string;
	else if (entry.tag == DT_RPATH)
		dynamic->rpath = string;
	else if (entry.tag == DT_RUNPATH)
		dynamic->runpath = string;
}

enum status elf_dynamic_read(const struct elf_file *file, struct elf_dynamic *out_dynamic,
			     struct error *err)
{
	struct elf_dynamic dynamic = { 0 };
	if (file->dynamic.size_bytes == 0) {
		*out_dynamic = dynamic;
		return STATUS_OK;
	}
	struct slice bytes = elf_bytes_of(file, file->dynamic);
	uint64_t entry_bytes = 2 * file->word_bytes;
	if (bytes.size_bytes == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "dynamic section outside the file");
	size_t count = bytes.size_bytes / entry_bytes;
	if (count > ELF_MAX_DYNAMIC)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%zu dynamic entries", count);

	uint64_t strings_va = 0;
	uint64_t strings_bytes = 0;
	size_t used = 0;
	for (; used < count; used++) {
		struct entry entry = load_entry(file, bytes.bytes + used * entry_bytes);
		if (entry.tag == DT_NULL)
			break;
		take_plain(&dynamic, entry);
		if (entry.tag == DT_STRTAB)
			strings_va = entry.value;
		else if (entry.tag == DT_STRSZ)
			strings_bytes = entry.value;
		else if (entry.tag == DT_PLTREL)
			dynamic.jump_slots_have_addends = entry.value == DT_RELA;
	}
	dynamic.strings = elf_bytes_from(file, strings_va);
	if (dynamic.strings.size_bytes > strings_bytes)
		dynamic.strings.size_bytes = (size_t)strings_bytes;
	const char **needed = arena_alloc(file->arena, used, sizeof(char *));
	for (size_t i = 0; i < used; i++)
		take_string(&dynamic, load_entry(file, bytes.bytes + i * entry_bytes), needed);
	dynamic.needed = needed;
	*out_dynamic = dynamic;
	return STATUS_OK;
}
