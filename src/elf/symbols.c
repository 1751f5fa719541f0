#include "elf/symbols.h"

#include <elf.h>
#include <string.h>

static enum elf_symbol_type type_of(unsigned info)
{
	switch (ELF64_ST_TYPE(info)) {
	case STT_NOTYPE:
		return ELF_SYMBOL_NONE;
	case STT_OBJECT:
	case STT_COMMON:
		return ELF_SYMBOL_OBJECT;
	case STT_FUNC:
		return ELF_SYMBOL_FUNCTION;
	case STT_GNU_IFUNC:
		return ELF_SYMBOL_IFUNC;
	case STT_TLS:
		return ELF_SYMBOL_TLS;
	default:
		return ELF_SYMBOL_OTHER;
	}
}

static size_t entry_bytes_of(const struct elf_file *file)
{
	return file->word_bytes == 8 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

static const char *string_in(struct slice strings, uint32_t off)
{
	/* The table's last byte was checked to be NUL, so every offset in it starts a string. */
	return off < strings.size_bytes ? (const char *)strings.bytes + off : "";
}

static struct elf_symbol load_symbol(const struct elf_file *file, const uint8_t *entry,
				     struct slice strings)
{
	bool wide = file->word_bytes == 8;
	unsigned info = entry[wide ? 4 : 12];
	unsigned section = elf_load16(entry + (wide ? 6 : 14));
	return (struct elf_symbol){
		.name = string_in(strings, elf_load32(entry)),
		.va = elf_load_word(file, entry + (wide ? 8 : 4)),
		.size_bytes = elf_load_word(file, entry + (wide ? 16 : 8)),
		.type = type_of(info),
		.defined = section != SHN_UNDEF,
		.weak = ELF64_ST_BIND(info) == STB_WEAK,
		.local = ELF64_ST_BIND(info) == STB_LOCAL,
	};
}

/* Cuts the table so that it ends with a NUL. */
static struct slice terminated(struct slice strings)
{
	while (strings.size_bytes > 0 && strings.bytes[strings.size_bytes - 1] != '\0')
		strings.size_bytes--;
	return strings;
}

static enum status load_all(const struct elf_file *file, struct slice table, struct slice strings,
			    struct elf_symbols *out_symbols, struct error *err)
{
	size_t entry_bytes = entry_bytes_of(file);
	size_t count = table.size_bytes / entry_bytes;
	if (count > ELF_MAX_SYMBOLS)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%zu symbols", count);
	strings = terminated(strings);
	struct elf_symbol *symbols = arena_alloc(file->arena, count, sizeof(*symbols));
	for (size_t i = 0; i < count; i++)
		symbols[i] = load_symbol(file, table.bytes + i * entry_bytes, strings);
	*out_symbols = (struct elf_symbols){ symbols, count };
	return STATUS_OK;
}

/* ---- how many dynamic symbols there are ---- */

static size_t count_from_hash(const struct elf_file *file, uint64_t va)
{
	struct slice bytes = elf_bytes_from(file, va);
	return bytes.size_bytes < 8 ? 0 : elf_load32(bytes.bytes + 4); /* nchain */
}

/* The chain of the last bucket runs to the last hashed symbol; its hash has the lowest bit set. */
static size_t count_from_gnu_hash(const struct elf_file *file, uint64_t va)
{
	struct slice bytes = elf_bytes_from(file, va);
	if (bytes.size_bytes < 16)
		return 0;
	uint32_t bucket_count = elf_load32(bytes.bytes);
	uint32_t first = elf_load32(bytes.bytes + 4);
	uint32_t bloom_count = elf_load32(bytes.bytes + 8);
	uint64_t buckets_off = 16 + (uint64_t)bloom_count * file->word_bytes;
	uint64_t chains_off = buckets_off + (uint64_t)bucket_count * 4;
	if (chains_off > bytes.size_bytes)
		return 0;
	uint32_t last = 0;
	for (uint32_t i = 0; i < bucket_count; i++) {
		uint32_t bucket = elf_load32(bytes.bytes + buckets_off + (size_t)i * 4);
		if (bucket > last)
			last = bucket;
	}
	if (last < first)
		return first; /* nothing is hashed: only the undefined ones before */
	for (;; last++) {
		uint64_t off = chains_off + (uint64_t)(last - first) * 4;
		if (off + 4 > bytes.size_bytes)
			return last;
		if ((elf_load32(bytes.bytes + off) & 1) != 0)
			return (size_t)last + 1;
	}
}

static size_t dynamic_count(const struct elf_file *file, const struct elf_dynamic *dynamic,
			    size_t max_index)
{
	size_t count = 0;
	if (dynamic->hash_va != 0)
		count = count_from_hash(file, dynamic->hash_va);
	else if (dynamic->gnu_hash_va != 0)
		count = count_from_gnu_hash(file, dynamic->gnu_hash_va);
	return count > max_index ? count : max_index + 1;
}

/* ---- versions ---- */

struct versions {
	const char **names; /* by version index */
	size_t count;
};

static void take_version(struct versions *versions, unsigned index, const char *name)
{
	index &= 0x7fff;
	if (index < versions->count && name != NULL)
		versions->names[index] = name;
}

/* A verdef entry and its first aux, which names it. Elf32 and Elf64 have the same layout. */
static void read_definitions(const struct elf_file *file, const struct elf_dynamic *dynamic,
			     struct versions *versions)
{
	struct slice bytes = elf_bytes_from(file, dynamic->version_definitions_va);
	uint64_t off = 0;
	for (uint64_t i = 0; i < dynamic->version_definition_count && i < ELF_MAX_VERSIONS; i++) {
		if (off + sizeof(Elf64_Verdef) > bytes.size_bytes)
			return;
		const uint8_t *entry = bytes.bytes + off;
		unsigned index = elf_load16(entry + 4);
		uint64_t aux_off = off + elf_load32(entry + 12);
		if (aux_off + sizeof(Elf64_Verdaux) <= bytes.size_bytes && index != VER_NDX_GLOBAL)
			take_version(
			    versions, index,
			    elf_dynamic_string(dynamic, elf_load32(bytes.bytes + aux_off)));
		uint32_t next = elf_load32(entry + 16);
		if (next == 0)
			return;
		off += next;
	}
}

static void read_need_auxes(struct slice bytes, const struct elf_dynamic *dynamic, uint64_t off,
			    unsigned count, struct versions *versions)
{
	for (unsigned i = 0; i < count; i++) {
		if (off + sizeof(Elf64_Vernaux) > bytes.size_bytes)
			return;
		const uint8_t *aux = bytes.bytes + off;
		take_version(versions, elf_load16(aux + 6),
			     elf_dynamic_string(dynamic, elf_load32(aux + 8)));
		uint32_t next = elf_load32(aux + 12);
		if (next == 0)
			return;
		off += next;
	}
}

static void read_needs(const struct elf_file *file, const struct elf_dynamic *dynamic,
		       struct versions *versions)
{
	struct slice bytes = elf_bytes_from(file, dynamic->version_needs_va);
	uint64_t off = 0;
	for (uint64_t i = 0; i < dynamic->version_need_count && i < ELF_MAX_VERSIONS; i++) {
		if (off + sizeof(Elf64_Verneed) > bytes.size_bytes)
			return;
		const uint8_t *entry = bytes.bytes + off;
		read_need_auxes(bytes, dynamic, off + elf_load32(entry + 8), elf_load16(entry + 2),
				versions);
		uint32_t next = elf_load32(entry + 12);
		if (next == 0)
			return;
		off += next;
	}
}

static void set_versions(const struct elf_file *file, const struct elf_dynamic *dynamic,
			 struct elf_symbol *symbols, size_t count)
{
	struct slice indices = elf_bytes_from(file, dynamic->versions_va);
	if (dynamic->versions_va == 0 || indices.size_bytes < count * 2)
		return;
	unsigned highest = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned index = elf_load16(indices.bytes + i * 2) & 0x7fff;
		highest = index > highest ? index : highest;
	}
	struct versions versions = { arena_alloc(file->arena, highest + 1, sizeof(char *)),
				     highest + 1 };
	read_definitions(file, dynamic, &versions);
	read_needs(file, dynamic, &versions);
	for (size_t i = 0; i < count; i++) {
		unsigned index = elf_load16(indices.bytes + i * 2);
		symbols[i].version = versions.names[index & 0x7fff];
		symbols[i].hidden_version = (index & 0x8000) != 0;
	}
}

enum status elf_symbols_read(const struct elf_file *file, const struct elf_dynamic *dynamic,
			     size_t max_index, struct elf_symbols *out_symbols, struct error *err)
{
	struct slice table = elf_bytes_from(file, dynamic->symbols_va);
	if (dynamic->symbols_va == 0 || table.size_bytes == 0) {
		*out_symbols = (struct elf_symbols){ 0 };
		return STATUS_OK;
	}
	size_t count = dynamic_count(file, dynamic, max_index);
	if (count > table.size_bytes / entry_bytes_of(file))
		return error_set(err, STATUS_MALFORMED, (uint64_t)(table.bytes - file->bytes.bytes),
				 "%zu dynamic symbols end past their segment", count);
	table.size_bytes = count * entry_bytes_of(file);
	enum status status = load_all(file, table, dynamic->strings, out_symbols, err);
	if (status == STATUS_OK)
		set_versions(file, dynamic, (struct elf_symbol *)out_symbols->symbols, count);
	return status;
}

enum status elf_static_symbols_read(const struct elf_file *file, struct elf_symbols *out_symbols,
				    struct error *err)
{
	return load_all(file, file->symtab, file->symtab_strings, out_symbols, err);
}
