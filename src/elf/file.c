/*
 * ELF headers -> struct elf_file. Source: gABI ch. 4 and 5. Only little-endian files: every
 * architecture sysgap knows is.
 */
#include "elf/file.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elf_load* read host order");

/* Where the tables lie, from the ELF header. */
struct tables {
	uint64_t segment_off;
	uint64_t section_off;
	size_t segment_entry_bytes;
	size_t section_entry_bytes;
	size_t segment_count;
	size_t section_count;
	size_t name_section;
};

struct raw_section {
	uint32_t name;
	uint32_t type;
	uint32_t link;
	uint64_t flags;
	uint64_t va;
	uint64_t off;
	uint64_t size_bytes;
};

bool elf_has_magic(struct slice bytes)
{
	return bytes.size_bytes >= EI_NIDENT && memcmp(bytes.bytes, ELFMAG, SELFMAG) == 0;
}

static int arch_of(unsigned machine, size_t word_bytes)
{
	switch (machine) {
	case EM_X86_64:
		return word_bytes == 8 ? (int)ARCH_X86_64 : ARCH_UNKNOWN; /* 4: x32 */
	case EM_AARCH64:
		return word_bytes == 8 ? (int)ARCH_AARCH64 : ARCH_UNKNOWN;
	case EM_RISCV:
		return word_bytes == 8 ? (int)ARCH_RISCV64 : ARCH_UNKNOWN;
	case EM_386:
		return ARCH_I386;
	default:
		return ARCH_UNKNOWN;
	}
}

static enum status read_header(struct elf_file *file, struct tables *out_tables, struct error *err)
{
	const uint8_t *ident = file->bytes.bytes;
	if (!elf_has_magic(file->bytes))
		return error_set(err, STATUS_UNSUPPORTED, 0, "no ELF magic");
	if (ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32)
		return error_set(err, STATUS_MALFORMED, EI_CLASS, "class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB)
		return error_set(err, STATUS_UNSUPPORTED, EI_DATA, "not little-endian");
	size_t word_bytes = ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;

	struct cursor cursor;
	cursor_init(&cursor, file->bytes.bytes, file->bytes.size_bytes);
	cursor_seek(&cursor, EI_NIDENT);
	unsigned type = (unsigned)cursor_read_uint(&cursor, 2);
	unsigned machine = (unsigned)cursor_read_uint(&cursor, 2);
	(void)cursor_read_uint(&cursor, 4); /* e_version */
	file->entry_va = cursor_read_uint(&cursor, (unsigned)word_bytes);
	out_tables->segment_off = cursor_read_uint(&cursor, (unsigned)word_bytes);
	out_tables->section_off = cursor_read_uint(&cursor, (unsigned)word_bytes);
	(void)cursor_read_uint(&cursor, 4); /* e_flags */
	(void)cursor_read_uint(&cursor, 2); /* e_ehsize */
	out_tables->segment_entry_bytes = (size_t)cursor_read_uint(&cursor, 2);
	out_tables->segment_count = (size_t)cursor_read_uint(&cursor, 2);
	out_tables->section_entry_bytes = (size_t)cursor_read_uint(&cursor, 2);
	out_tables->section_count = (size_t)cursor_read_uint(&cursor, 2);
	out_tables->name_section = (size_t)cursor_read_uint(&cursor, 2);
	if (cursor.failed)
		return error_set(err, STATUS_MALFORMED, file->bytes.size_bytes,
				 "ELF header cut short");
	file->word_bytes = word_bytes;
	file->machine = machine;
	file->arch = arch_of(machine, word_bytes);
	file->kind = type == ET_EXEC  ? ELF_EXECUTABLE
		     : type == ET_DYN ? ELF_SHARED_OBJECT
				      : ELF_OTHER;
	return STATUS_OK;
}

/* The bytes of a table of count entries, or false. */
static bool table_fits(const struct elf_file *file, uint64_t off, uint64_t count,
		       uint64_t entry_bytes)
{
	uint64_t size_bytes;
	uint64_t end;
	return !__builtin_mul_overflow(count, entry_bytes, &size_bytes) &&
	       !__builtin_add_overflow(off, size_bytes, &end) && end <= file->bytes.size_bytes;
}

/* ---- segments ---- */

struct raw_segment {
	uint32_t type;
	struct elf_segment segment;
};

static struct raw_segment load_segment(const struct elf_file *file, const uint8_t *entry)
{
	bool wide = file->word_bytes == 8;
	return (struct raw_segment){
		.type = elf_load32(entry),
		.segment = {
			.flags = elf_load32(entry + (wide ? 4 : 24)),
			.file_off = elf_load_word(file, entry + (wide ? 8 : 4)),
			.va = elf_load_word(file, entry + (wide ? 16 : 8)),
			.file_bytes = elf_load_word(file, entry + (wide ? 32 : 16)),
			.memory_bytes = elf_load_word(file, entry + (wide ? 40 : 20)),
		},
	};
}

static enum status check_load(const struct elf_file *file, const struct elf_segment *segment,
			      uint64_t off, struct error *err)
{
	uint64_t end;
	if (__builtin_add_overflow(segment->file_off, segment->file_bytes, &end) ||
	    end > file->bytes.size_bytes)
		return error_set(err, STATUS_MALFORMED, off, "segment ends past the file");
	if (segment->file_bytes > segment->memory_bytes)
		return error_set(err, STATUS_MALFORMED, off,
				 "segment larger in file than in memory");
	if (__builtin_add_overflow(segment->va, segment->memory_bytes, &end))
		return error_set(err, STATUS_MALFORMED, off, "segment wraps the address space");
	return STATUS_OK;
}

static void take_special(struct elf_file *file, const struct raw_segment *raw)
{
	struct elf_range range = { raw->segment.va, raw->segment.memory_bytes };
	switch (raw->type) {
	case PT_DYNAMIC:
		file->dynamic = range;
		break;
	case PT_GNU_EH_FRAME:
		file->eh_frame_hdr = range;
		break;
	case PT_GNU_RELRO:
		file->relro = range;
		break;
	case PT_INTERP: {
		uint64_t end;
		const struct elf_segment *segment = &raw->segment;
		if (segment->file_bytes > 1 &&
		    !__builtin_add_overflow(segment->file_off, segment->file_bytes, &end) &&
		    end <= file->bytes.size_bytes)
			file->interpreter = arena_slice(
			    file->arena, (struct slice){ file->bytes.bytes + segment->file_off,
							 segment->file_bytes - 1 });
		break;
	}
	default:
		break;
	}
}

static int compare_segments(const void *left, const void *right)
{
	const struct elf_segment *a = left;
	const struct elf_segment *b = right;
	return a->va < b->va ? -1 : a->va > b->va;
}

static enum status check_order(const struct elf_file *file, uint64_t off, struct error *err)
{
	for (size_t i = 1; i < file->segment_count; i++) {
		const struct elf_segment *before = &file->segments[i - 1];
		if (before->va + before->memory_bytes > file->segments[i].va)
			return error_set(err, STATUS_MALFORMED, off, "segments overlap");
	}
	return STATUS_OK;
}

static enum status read_segments(struct elf_file *file, const struct tables *tables,
				 struct error *err)
{
	size_t need_bytes = file->word_bytes == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (tables->segment_count == 0)
		return STATUS_OK;
	if (tables->segment_count > ELF_MAX_SEGMENTS)
		return error_set(err, STATUS_LIMIT, tables->segment_off, "%zu program headers",
				 tables->segment_count);
	if (tables->segment_entry_bytes < need_bytes ||
	    !table_fits(file, tables->segment_off, tables->segment_count,
			tables->segment_entry_bytes))
		return error_set(err, STATUS_MALFORMED, tables->segment_off,
				 "program headers outside the file");
	struct elf_segment *segments =
	    arena_alloc(file->arena, tables->segment_count, sizeof(*segments));
	for (size_t i = 0; i < tables->segment_count; i++) {
		uint64_t off = tables->segment_off + i * tables->segment_entry_bytes;
		struct raw_segment raw = load_segment(file, file->bytes.bytes + off);
		if (raw.type != PT_LOAD) {
			take_special(file, &raw);
			continue;
		}
		enum status status = check_load(file, &raw.segment, off, err);
		if (status != STATUS_OK)
			return status;
		if (raw.segment.memory_bytes > 0)
			segments[file->segment_count++] = raw.segment;
	}
	qsort(segments, file->segment_count, sizeof(*segments), compare_segments);
	file->segments = segments;
	return check_order(file, tables->segment_off, err);
}

/* ---- sections: hints ---- */

static struct raw_section load_section(const struct elf_file *file, const uint8_t *entry)
{
	bool wide = file->word_bytes == 8;
	return (struct raw_section){
		.name = elf_load32(entry),
		.type = elf_load32(entry + 4),
		.flags = elf_load_word(file, entry + 8),
		.va = elf_load_word(file, entry + (wide ? 16 : 12)),
		.off = elf_load_word(file, entry + (wide ? 24 : 16)),
		.size_bytes = elf_load_word(file, entry + (wide ? 32 : 20)),
		.link = elf_load32(entry + (wide ? 40 : 24)),
	};
}

static struct slice section_bytes(const struct elf_file *file, const struct raw_section *section)
{
	if (section->type == SHT_NOBITS || !table_fits(file, section->off, section->size_bytes, 1))
		return (struct slice){ 0 };
	return (struct slice){ file->bytes.bytes + section->off, section->size_bytes };
}

static const char *name_in(struct slice strings, uint64_t off)
{
	if (off >= strings.size_bytes ||
	    memchr(strings.bytes + off, '\0', strings.size_bytes - off) == NULL)
		return "";
	return (const char *)strings.bytes + off;
}

static int compare_sections(const void *left, const void *right)
{
	const struct elf_section *a = left;
	const struct elf_section *b = right;
	if (a->va != b->va)
		return a->va < b->va ? -1 : 1;
	return a->size_bytes < b->size_bytes ? -1 : a->size_bytes > b->size_bytes;
}

static void take_section(struct elf_file *file, const uint8_t *table, const struct tables *tables,
			 size_t index, struct slice names)
{
	struct raw_section raw = load_section(file, table + index * tables->section_entry_bytes);
	if (raw.type == SHT_SYMTAB && raw.link < tables->section_count) {
		struct raw_section strings =
		    load_section(file, table + raw.link * tables->section_entry_bytes);
		file->symtab = section_bytes(file, &raw);
		file->symtab_strings = section_bytes(file, &strings);
	}
	uint64_t end;
	if ((raw.flags & SHF_ALLOC) == 0 || raw.size_bytes == 0 || (raw.flags & SHF_TLS) != 0 ||
	    __builtin_add_overflow(raw.va, raw.size_bytes, &end))
		return;
	struct elf_section *section = (struct elf_section *)&file->sections[file->section_count++];
	*section = (struct elf_section){ name_in(names, raw.name), raw.va, raw.size_bytes, raw.type,
					 raw.flags };
}

static void read_sections(struct elf_file *file, struct tables *tables, const char *input,
			  struct problem_list *problems)
{
	size_t need_bytes = file->word_bytes == 8 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	if (tables->section_off == 0)
		return;
	if (tables->section_entry_bytes < need_bytes ||
	    !table_fits(file, tables->section_off, 1, tables->section_entry_bytes)) {
		problem_add(problems, input, 0, "section headers outside the file; not used");
		return;
	}
	const uint8_t *table = file->bytes.bytes + tables->section_off;
	struct raw_section first = load_section(file, table);
	if (tables->section_count == 0) /* gABI: more than 0xff00 of them */
		tables->section_count = (size_t)first.size_bytes;
	if (tables->name_section == SHN_XINDEX)
		tables->name_section = first.link;
	if (tables->section_count > ELF_MAX_SECTIONS ||
	    !table_fits(file, tables->section_off, tables->section_count,
			tables->section_entry_bytes)) {
		problem_add(problems, input, 0, "section headers outside the file; not used");
		return;
	}
	struct slice names = { 0 };
	if (tables->name_section < tables->section_count) {
		struct raw_section strings =
		    load_section(file, table + tables->name_section * tables->section_entry_bytes);
		names = section_bytes(file, &strings);
	}
	struct elf_section *sections =
	    arena_alloc(file->arena, tables->section_count, sizeof(*sections));
	file->sections = sections;
	for (size_t i = 0; i < tables->section_count; i++)
		take_section(file, table, tables, i, names);
	qsort(sections, file->section_count, sizeof(*sections), compare_sections);
}

enum status elf_file_open(struct slice bytes, const char *input, struct problem_list *problems,
			  struct elf_file *out_file, struct error *err)
{
	struct elf_file file = { .bytes = bytes, .arena = problems->arena };
	struct tables tables = { 0 };
	enum status status = read_header(&file, &tables, err);
	if (status != STATUS_OK)
		return status;
	status = read_segments(&file, &tables, err);
	if (status != STATUS_OK)
		return status;
	read_sections(&file, &tables, input, problems);
	if (file.kind == ELF_SHARED_OBJECT && file.interpreter != NULL)
		file.kind = ELF_PIE;
	*out_file = file;
	return STATUS_OK;
}

/* ---- addresses ---- */

const struct elf_segment *elf_segment_at(const struct elf_file *file, uint64_t va)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];
		if (va - segment->va < segment->memory_bytes)
			return segment;
	}
	return NULL;
}

struct slice elf_bytes_from(const struct elf_file *file, uint64_t va)
{
	const struct elf_segment *segment = elf_segment_at(file, va);
	if (segment == NULL || va - segment->va >= segment->file_bytes)
		return (struct slice){ 0 };
	uint64_t skip = va - segment->va;
	return (struct slice){ file->bytes.bytes + segment->file_off + skip,
			       segment->file_bytes - skip };
}

struct slice elf_bytes_of(const struct elf_file *file, struct elf_range range)
{
	struct slice bytes = elf_bytes_from(file, range.va);
	if (bytes.size_bytes < range.size_bytes)
		return (struct slice){ 0 };
	return (struct slice){ bytes.bytes, (size_t)range.size_bytes };
}

bool elf_is_code(const struct elf_file *file, uint64_t va)
{
	const struct elf_segment *segment = elf_segment_at(file, va);
	return segment != NULL && (segment->flags & ELF_EXECUTE) != 0;
}

struct elf_range elf_span(const struct elf_file *file)
{
	if (file->segment_count == 0)
		return (struct elf_range){ 0 };
	const struct elf_segment *last = &file->segments[file->segment_count - 1];
	uint64_t low = file->segments[0].va;
	return (struct elf_range){ low, last->va + last->memory_bytes - low };
}

struct elf_range elf_code_span(const struct elf_file *file)
{
	uint64_t low = UINT64_MAX, high = 0;
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];
		if ((segment->flags & ELF_EXECUTE) == 0 || segment->memory_bytes == 0)
			continue;
		low = segment->va < low ? segment->va : low;
		high = segment->va + segment->memory_bytes;
	}
	return low > high ? (struct elf_range){ 0 } : (struct elf_range){ low, high - low };
}

bool elf_is_writable(const struct elf_file *file, uint64_t va)
{
	const struct elf_segment *segment = elf_segment_at(file, va);
	return segment != NULL && (segment->flags & ELF_WRITE) != 0;
}

const struct elf_section *elf_section_named(const struct elf_file *file, const char *name)
{
	for (size_t i = 0; i < file->section_count; i++)
		if (strcmp(file->sections[i].name, name) == 0)
			return &file->sections[i];
	return NULL;
}

const struct elf_section *elf_section_at(const struct elf_file *file, uint64_t va)
{
	size_t low = 0;
	size_t high = file->section_count;
	while (low < high) { /* the last section that starts at or before va */
		size_t middle = low + (high - low) / 2;
		if (file->sections[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || va - file->sections[low - 1].va >= file->sections[low - 1].size_bytes)
		return NULL;
	return &file->sections[low - 1];
}

bool elf_read_word(const struct elf_file *file, uint64_t va, uint64_t *out_word)
{
	struct slice bytes = elf_bytes_from(file, va);
	if (bytes.bytes == NULL || bytes.size_bytes < file->word_bytes)
		return false;
	*out_word = elf_load_word(file, bytes.bytes);
	return true;
}

const char *elf_string_at(const struct elf_file *file, uint64_t va)
{
	struct slice bytes = elf_bytes_from(file, va);
	if (bytes.size_bytes == 0 || memchr(bytes.bytes, '\0', bytes.size_bytes) == NULL)
		return NULL;
	return (const char *)bytes.bytes;
}
