#pragma once

#include "elf/symbols.h"

enum { ELF_MAX_RELOCATIONS = 1 << 24 };

enum elf_relocation_kind {
	ELF_RELOCATION_RELATIVE,  /* the slot holds the address `addend` of this file */
	ELF_RELOCATION_SYMBOL,    /* the slot holds the symbol's address + addend */
	ELF_RELOCATION_JUMP_SLOT, /* the same, in the GOT's part for the PLT */
	ELF_RELOCATION_IRELATIVE, /* the slot holds what the resolver at `addend` returns */
	ELF_RELOCATION_COPY,      /* the symbol's bytes are copied to the slot */
	ELF_RELOCATION_TLS_DESCRIPTOR,
	ELF_RELOCATION_OTHER, /* TLS offsets and sizes: no address of code or data */
};

/* One slot that ld.so fills, whatever table it came from. */
struct elf_relocation {
	uint64_t va; /* of the slot */
	uint64_t addend;
	uint32_t symbol; /* index of the dynamic symbol; 0: none */
	enum elf_relocation_kind kind;
};

struct elf_relocations {
	const struct elf_relocation *relocations; /* ascending va */
	size_t count;
};

/*
 * All dynamic relocations: RELA, REL, RELR and JMPREL. Addends of REL and RELR are read from the
 * slots. In a static program without a dynamic section these are the IRELATIVE ones between
 * __rela_iplt_start and __rela_iplt_end, found by its section, if there is one.
 *
 * returns     STATUS_MALFORMED, STATUS_LIMIT
 * source      x86-64 psABI 4.4, AAELF64 5.7, gABI "Relative relocation table" (RELR)
 */
enum status elf_relocations_read(const struct elf_file *file, const struct elf_dynamic *dynamic,
				 struct elf_relocations *out_relocations, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* The largest symbol index that any of them names. */
size_t elf_relocations_max_symbol(const struct elf_relocations *relocations);

/* The first relocation with a slot at or after va, as an index; count when there is none. */
size_t elf_relocation_from(const struct elf_relocations *relocations, uint64_t va);

/* The one of exactly this slot, or NULL. */
const struct elf_relocation *elf_relocation_at(const struct elf_relocations *relocations,
					       uint64_t va);
