/*
 * pclntab -> functions. The header: magic (4 bytes), two zero bytes, instruction quantum, pointer
 * size; then words: function count, since 1.16 file count, since 1.18 text start, since 1.16
 * offsets of the name, cu, file, pc and function tables. The function table has pairs of entry and
 * offset of the function's record: words up to 1.16, 32-bit and relative to the text start since
 * 1.18.
 */
#include "elf/golang.h"

#include <string.h>

enum { HEADER_BYTES = 8, NAME_LIMIT_BYTES = 1 << 14 };

static const struct layout {
	uint32_t magic;
	unsigned version;
	unsigned name_word;      /* index of the header word with the name table's offset */
	unsigned functions_word; /* likewise of the function table */
	bool relative;           /* entries are 32-bit and relative to the text start */
} layouts[] = {
	{ 0xfffffffb, 2, 0, 0, false },
	{ 0xfffffffa, 116, 2, 6, false },
	{ 0xfffffff0, 118, 3, 7, true },
	{ 0xfffffff1, 120, 3, 7, true },
};

/* The table's bytes, with what the header says of them. */
struct table {
	const struct elf_file *file;
	const struct layout *layout;
	struct slice bytes;
	uint64_t text_va;
	uint64_t count;
	uint64_t names_off;
	uint64_t functions_off;
};

static uint64_t header_word(const struct table *table, unsigned index)
{
	size_t off = HEADER_BYTES + (size_t)index * table->file->word_bytes;
	return elf_load_word(table->file, table->bytes.bytes + off);
}

static const struct layout *layout_of(const struct elf_file *file, struct slice bytes)
{
	if (bytes.size_bytes < HEADER_BYTES + 9 * file->word_bytes)
		return NULL;
	const uint8_t *at = bytes.bytes;
	bool plausible = at[4] == 0 && at[5] == 0 && (at[6] == 1 || at[6] == 2 || at[6] == 4) &&
			 at[7] == file->word_bytes;
	for (size_t i = 0; plausible && i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].magic == elf_load32(at))
			return &layouts[i];
	return NULL;
}

static uint64_t entry_bytes_of(const struct table *table)
{
	return table->layout->relative ? 8 : 2 * table->file->word_bytes;
}

static bool open_table(const struct elf_file *file, struct slice bytes, struct table *out_table)
{
	struct table table = { .file = file, .layout = layout_of(file, bytes), .bytes = bytes };
	if (table.layout == NULL)
		return false;
	table.count = header_word(&table, 0);
	if (table.layout->relative)
		table.text_va = header_word(&table, 2);
	if (table.layout->version == 2) {
		table.functions_off = HEADER_BYTES + file->word_bytes;
	} else {
		table.names_off = header_word(&table, table.layout->name_word);
		table.functions_off = header_word(&table, table.layout->functions_word);
	}
	uint64_t end;
	if (table.count == 0 || table.count > GOLANG_MAX_FUNCTIONS ||
	    __builtin_add_overflow(table.functions_off, (table.count + 1) * entry_bytes_of(&table),
				   &end) ||
	    end > bytes.size_bytes)
		return false;
	*out_table = table;
	return true;
}

static bool find_by_magic(const struct elf_file *file, struct table *out_table)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];
		struct slice bytes = elf_bytes_from(file, segment->va);
		for (size_t at = 0; at + HEADER_BYTES <= bytes.size_bytes; at += file->word_bytes) {
			struct slice rest = { bytes.bytes + at, bytes.size_bytes - at };
			if (rest.bytes[3] == 0xff && open_table(file, rest, out_table) &&
			    elf_is_code(file, out_table->text_va != 0 ? out_table->text_va
								      : file->entry_va))
				return true;
		}
	}
	return false;
}

static bool find_table(const struct elf_file *file, struct table *out_table)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	for (size_t i = 0; i < 2; i++) {
		const struct elf_section *section = elf_section_named(file, names[i]);
		if (section != NULL &&
		    open_table(
			file,
			elf_bytes_of(file, (struct elf_range){ section->va, section->size_bytes }),
			out_table))
			return true;
	}
	/* Only a Go program has these; the search by magic reads all of a file's pages. */
	if (elf_section_named(file, ".go.buildinfo") == NULL && file->section_count > 0)
		return false;
	return find_by_magic(file, out_table);
}

static uint64_t entry_va(const struct table *table, uint64_t index)
{
	const uint8_t *entry =
	    table->bytes.bytes + table->functions_off + index * entry_bytes_of(table);
	if (table->layout->relative)
		return table->text_va + elf_load32(entry);
	return elf_load_word(table->file, entry);
}

/* The record starts with the entry again, then the 32-bit offset of the name. */
static const char *name_of(const struct table *table, uint64_t index)
{
	const uint8_t *entry =
	    table->bytes.bytes + table->functions_off + index * entry_bytes_of(table);
	size_t word_bytes = table->layout->relative ? 4 : table->file->word_bytes;
	uint64_t record_off = table->layout->relative
				  ? elf_load32(entry + 4)
				  : elf_load_word(table->file, entry + word_bytes);
	if (table->layout->version != 2)
		record_off += table->functions_off;
	if (record_off > table->bytes.size_bytes ||
	    table->bytes.size_bytes - record_off < word_bytes + 4)
		return "";
	uint64_t name_off =
	    table->names_off + elf_load32(table->bytes.bytes + record_off + word_bytes);
	if (name_off >= table->bytes.size_bytes)
		return "";
	uint64_t left_bytes = table->bytes.size_bytes - name_off;
	if (left_bytes > NAME_LIMIT_BYTES)
		left_bytes = NAME_LIMIT_BYTES;
	if (memchr(table->bytes.bytes + name_off, '\0', left_bytes) == NULL)
		return "";
	return (const char *)table->bytes.bytes + name_off;
}

void golang_read(const struct elf_file *file, const char *input, struct problem_list *problems,
		 struct golang_table *out_table)
{
	struct table table;
	*out_table = (struct golang_table){ 0 };
	if (!find_table(file, &table))
		return;
	struct golang_function *functions =
	    arena_alloc(file->arena, (size_t)table.count, sizeof(*functions));
	size_t count = 0;
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t start_va = entry_va(&table, i);
		uint64_t end_va = entry_va(&table, i + 1);
		if (start_va >= end_va || !elf_is_code(file, start_va)) {
			problem_add(problems, input, 0, "pclntab: function %ju at %#jx is no code",
				    (uintmax_t)i, (uintmax_t)start_va);
			continue;
		}
		functions[count++] =
		    (struct golang_function){ start_va, end_va, name_of(&table, i) };
	}
	*out_table = (struct golang_table){ functions, count, table.layout->version };
}
