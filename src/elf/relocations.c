#include "elf/relocations.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#ifndef R_RISCV_IRELATIVE
#define R_RISCV_IRELATIVE 58
#endif

static enum elf_relocation_kind kind_x86_64(uint32_t type)
{
	switch (type) {
	case R_X86_64_RELATIVE:
	case R_X86_64_RELATIVE64:
		return ELF_RELOCATION_RELATIVE;
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
		return ELF_RELOCATION_SYMBOL;
	case R_X86_64_JUMP_SLOT:
		return ELF_RELOCATION_JUMP_SLOT;
	case R_X86_64_IRELATIVE:
		return ELF_RELOCATION_IRELATIVE;
	case R_X86_64_COPY:
		return ELF_RELOCATION_COPY;
	case R_X86_64_TLSDESC:
		return ELF_RELOCATION_TLS_DESCRIPTOR;
	default:
		return ELF_RELOCATION_OTHER;
	}
}

static enum elf_relocation_kind kind_aarch64(uint32_t type)
{
	switch (type) {
	case R_AARCH64_RELATIVE:
		return ELF_RELOCATION_RELATIVE;
	case R_AARCH64_ABS64:
	case R_AARCH64_GLOB_DAT:
		return ELF_RELOCATION_SYMBOL;
	case R_AARCH64_JUMP_SLOT:
		return ELF_RELOCATION_JUMP_SLOT;
	case R_AARCH64_IRELATIVE:
		return ELF_RELOCATION_IRELATIVE;
	case R_AARCH64_COPY:
		return ELF_RELOCATION_COPY;
	case R_AARCH64_TLSDESC:
		return ELF_RELOCATION_TLS_DESCRIPTOR;
	default:
		return ELF_RELOCATION_OTHER;
	}
}

static enum elf_relocation_kind kind_riscv64(uint32_t type)
{
	switch (type) {
	case R_RISCV_RELATIVE:
		return ELF_RELOCATION_RELATIVE;
	case R_RISCV_64:
		return ELF_RELOCATION_SYMBOL;
	case R_RISCV_JUMP_SLOT:
		return ELF_RELOCATION_JUMP_SLOT;
	case R_RISCV_IRELATIVE:
		return ELF_RELOCATION_IRELATIVE;
	case R_RISCV_COPY:
		return ELF_RELOCATION_COPY;
	default:
		return ELF_RELOCATION_OTHER;
	}
}

static enum elf_relocation_kind kind_i386(uint32_t type)
{
	switch (type) {
	case R_386_RELATIVE:
		return ELF_RELOCATION_RELATIVE;
	case R_386_32:
	case R_386_GLOB_DAT:
		return ELF_RELOCATION_SYMBOL;
	case R_386_JMP_SLOT:
		return ELF_RELOCATION_JUMP_SLOT;
	case R_386_IRELATIVE:
		return ELF_RELOCATION_IRELATIVE;
	case R_386_COPY:
		return ELF_RELOCATION_COPY;
	case R_386_TLS_DESC:
		return ELF_RELOCATION_TLS_DESCRIPTOR;
	default:
		return ELF_RELOCATION_OTHER;
	}
}

static enum elf_relocation_kind kind_of(const struct elf_file *file, uint32_t type)
{
	switch (file->arch) {
	case ARCH_X86_64:
		return kind_x86_64(type);
	case ARCH_AARCH64:
		return kind_aarch64(type);
	case ARCH_RISCV64:
		return kind_riscv64(type);
	case ARCH_I386:
		return kind_i386(type);
	default:
		return ELF_RELOCATION_OTHER;
	}
}

/* ---- the tables ---- */

struct table {
	struct slice bytes;
	bool has_addends;
};

struct collector {
	const struct elf_file *file;
	struct elf_relocation *relocations;
	size_t count;
};

static size_t entry_bytes_of(const struct elf_file *file, bool has_addends)
{
	return (size_t)file->word_bytes * (has_addends ? 3 : 2);
}

static void collect_table(struct collector *collector, const struct table *table)
{
	const struct elf_file *file = collector->file;
	size_t entry_bytes = entry_bytes_of(file, table->has_addends);
	for (size_t at = 0; at + entry_bytes <= table->bytes.size_bytes; at += entry_bytes) {
		const uint8_t *entry = table->bytes.bytes + at;
		uint64_t info = elf_load_word(file, entry + file->word_bytes);
		bool wide = file->word_bytes == 8;
		uint32_t type = wide ? (uint32_t)info : (uint32_t)(info & 0xff);
		struct elf_relocation *relocation = &collector->relocations[collector->count++];
		*relocation = (struct elf_relocation){
			.va = elf_load_word(file, entry),
			.symbol = (uint32_t)(wide ? info >> 32 : info >> 8),
			.kind = kind_of(file, type),
		};
		if (table->has_addends)
			relocation->addend = elf_load_word(file, entry + 2 * file->word_bytes);
		else
			(void)elf_read_word(file, relocation->va, &relocation->addend);
	}
}

static void collect_relative(struct collector *collector, uint64_t va)
{
	struct elf_relocation *relocation = &collector->relocations[collector->count++];
	*relocation = (struct elf_relocation){ .va = va, .kind = ELF_RELOCATION_RELATIVE };
	(void)elf_read_word(collector->file, va, &relocation->addend);
}

/*
 * RELR: an even word is a slot's address; an odd word is a bitmap of the following slots, one bit
 * for each but the lowest.
 */
static size_t count_relr(const struct elf_file *file, struct slice bytes)
{
	size_t count = 0;
	for (size_t at = 0; at + file->word_bytes <= bytes.size_bytes; at += file->word_bytes) {
		uint64_t word = elf_load_word(file, bytes.bytes + at);
		count += (word & 1) == 0 ? 1 : (size_t)__builtin_popcountll(word) - 1;
	}
	return count;
}

static void collect_relr(struct collector *collector, struct slice bytes)
{
	const struct elf_file *file = collector->file;
	uint64_t next_va = 0;
	for (size_t at = 0; at + file->word_bytes <= bytes.size_bytes; at += file->word_bytes) {
		uint64_t word = elf_load_word(file, bytes.bytes + at);
		if ((word & 1) == 0) {
			collect_relative(collector, word);
			next_va = word + file->word_bytes;
			continue;
		}
		for (uint64_t bits = word >> 1; bits != 0; bits &= bits - 1)
			collect_relative(collector, next_va + (uint64_t)__builtin_ctzll(bits) *
								  file->word_bytes);
		next_va += (uint64_t)(file->word_bytes * 8 - 1) * file->word_bytes;
	}
}

/* Where the ascending run from an index on ends. */
static size_t run_end(const struct elf_relocation *items, size_t first, size_t count)
{
	size_t end = first + 1;
	while (end < count && items[end - 1].va <= items[end].va)
		end++;
	return end < count ? end : count;
}

/* Merges each two runs that follow each other; true when one is left. */
static bool merge_runs(const struct elf_relocation *from, size_t count, struct elf_relocation *to)
{
	size_t first = 0;
	while (first < count) {
		size_t middle = run_end(from, first, count);
		size_t end = middle < count ? run_end(from, middle, count) : count;
		size_t a = first, b = middle;
		for (size_t i = first; i < end; i++)
			to[i] = b == end || (a < middle && from[a].va <= from[b].va) ? from[a++]
										     : from[b++];
		if (first == 0 && end == count)
			return true;
		first = end;
	}
	return false;
}

/* Linkers write each table in a few long ascending runs, which a general sort would not use. */
static void sort_relocations(struct arena *arena, struct elf_relocation **relocations, size_t count)
{
	struct elf_relocation *from = *relocations, *to = NULL;
	if (count == 0 || run_end(from, 0, count) == count)
		return;
	to = arena_alloc_raw(arena, count, sizeof(*to));
	bool done = false;
	while (!done) {
		done = merge_runs(from, count, to);
		struct elf_relocation *swap = from;
		from = to;
		to = swap;
	}
	*relocations = from;
}

/* A static program has no dynamic section, but its start-up code applies IRELATIVE ones. */
static struct elf_range static_irelative(const struct elf_file *file)
{
	const struct elf_section *section = elf_section_named(file, ".rela.plt");
	if (section == NULL)
		section = elf_section_named(file, ".rela.dyn");
	if (file->dynamic.size_bytes != 0 || section == NULL || section->type != SHT_RELA)
		return (struct elf_range){ 0 };
	return (struct elf_range){ section->va, section->size_bytes };
}

static enum status table_of(const struct elf_file *file, struct elf_range range, bool has_addends,
			    struct table *out_table, struct error *err)
{
	*out_table = (struct table){ elf_bytes_of(file, range), has_addends };
	if (range.size_bytes > 0 && out_table->bytes.size_bytes == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "relocations at address %#jx outside the file",
				 (uintmax_t)range.va);
	return STATUS_OK;
}

enum status elf_relocations_read(const struct elf_file *file, const struct elf_dynamic *dynamic,
				 struct elf_relocations *out_relocations, struct error *err)
{
	enum { TABLE_COUNT = 4 };
	const struct {
		struct elf_range range;
		bool has_addends;
	} ranges[TABLE_COUNT] = {
		{ dynamic->rela, true },
		{ dynamic->rel, false },
		{ dynamic->jump_slots, dynamic->jump_slots_have_addends },
		{ static_irelative(file), true },
	};
	struct table tables[TABLE_COUNT];
	struct table relr;
	size_t count = 0;
	enum status status = table_of(file, dynamic->relr, false, &relr, err);
	for (size_t i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
		status = table_of(file, ranges[i].range, ranges[i].has_addends, &tables[i], err);
		count += tables[i].bytes.size_bytes / entry_bytes_of(file, ranges[i].has_addends);
	}
	if (status != STATUS_OK)
		return status;
	count += count_relr(file, relr.bytes);
	if (count > ELF_MAX_RELOCATIONS)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%zu relocations", count);

	struct arena scratch = { 0 };
	struct collector collector = {
		.file = file,
		.relocations = arena_alloc_raw(&scratch, count, sizeof(struct elf_relocation)),
	};
	collect_relr(&collector, relr.bytes);
	for (size_t i = 0; i < TABLE_COUNT; i++)
		collect_table(&collector, &tables[i]);
	sort_relocations(&scratch, &collector.relocations, collector.count);
	out_relocations->count = collector.count;
	out_relocations->relocations = arena_copy(file->arena, collector.relocations,
						  collector.count, sizeof(*collector.relocations));
	arena_finish(&scratch);
	return STATUS_OK;
}

size_t elf_relocations_max_symbol(const struct elf_relocations *relocations)
{
	size_t max = 0;
	for (size_t i = 0; i < relocations->count; i++)
		if (relocations->relocations[i].symbol > max)
			max = relocations->relocations[i].symbol;
	return max;
}

size_t elf_relocation_from(const struct elf_relocations *relocations, uint64_t va)
{
	size_t low = 0;
	size_t high = relocations->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (relocations->relocations[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct elf_relocation *elf_relocation_at(const struct elf_relocations *relocations,
					       uint64_t va)
{
	size_t index = elf_relocation_from(relocations, va);
	if (index < relocations->count && relocations->relocations[index].va == va)
		return &relocations->relocations[index];
	return NULL;
}
