#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "base/slice.h"
#include "facts/arch.h"

enum {
	ELF_MAX_SEGMENTS = 1024, /* PT_LOAD; the largest seen has 12 */
	ELF_MAX_SECTIONS = 1 << 20,
	ELF_MAX_DYNAMIC = 1 << 16, /* entries */
};

/* As in p_flags, gABI ch. 5, "Program Header". */
enum { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };

/* A PT_LOAD: what ld.so and the kernel map. Bytes past file_bytes are zero (.bss). */
struct elf_segment {
	uint64_t va;
	uint64_t memory_bytes;
	uint64_t file_off;
	uint64_t file_bytes; /* <= memory_bytes, and inside the file */
	unsigned flags;
};

struct elf_range {
	uint64_t va;
	uint64_t size_bytes; /* 0: absent */
};

/* A section with an address, from the section headers: a hint, never needed, never trusted. */
struct elf_section {
	const char *name; /* in the file's arena */
	uint64_t va;
	uint64_t size_bytes;
	uint32_t type;  /* SHT_* */
	uint64_t flags; /* SHF_* */
};

enum elf_kind {
	ELF_EXECUTABLE,    /* ET_EXEC */
	ELF_PIE,           /* ET_DYN with an interpreter or DF_1_PIE: a program */
	ELF_SHARED_OBJECT, /* other ET_DYN */
	ELF_OTHER,         /* relocatable, core */
};

/*
 * An ELF file for a Linux program or library, checked: every segment lies inside the file, and
 * segments are sorted by va and do not overlap. Everything points into `bytes` or the arena.
 */
struct elf_file {
	struct slice bytes;  /* borrowed */
	struct arena *arena; /* borrowed */
	int arch;            /* enum arch, or ARCH_UNKNOWN */
	unsigned machine;    /* EM_* */
	size_t word_bytes;   /* 8 or 4 */
	enum elf_kind kind;
	uint64_t entry_va; /* 0: none */
	const struct elf_segment *segments;
	size_t segment_count;
	const struct elf_section
	    *sections; /* sorted by va; empty when there are none or they lie */
	size_t section_count;
	const char *interpreter;       /* PT_INTERP; NULL: none */
	struct elf_range dynamic;      /* PT_DYNAMIC */
	struct elf_range eh_frame_hdr; /* PT_GNU_EH_FRAME */
	struct elf_range relro;        /* PT_GNU_RELRO */
	/* .symtab of the section headers, for elf/symbols.h; file offsets, checked */
	struct slice symtab;
	struct slice symtab_strings;
};

/*
 * Reads and checks the headers of a little-endian ELF file, 64 or 32 bit.
 *
 * bytes      of the whole file from offset 0; borrowed as long as the result
 * problems   section headers that lie are a problem, and cost only the hints
 * out_file   written only on STATUS_OK
 * returns    STATUS_MALFORMED with the offset; STATUS_UNSUPPORTED: no ELF, big-endian;
 *            STATUS_LIMIT
 * source     gABI ch. 4, "ELF Header", "Sections"; ch. 5, "Program Header"
 */
enum status elf_file_open(struct slice bytes, const char *input, struct problem_list *problems,
			  struct elf_file *out_file, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* Is it worth calling elf_file_open? True for what starts with the ELF magic. */
bool elf_has_magic(struct slice bytes);

/* The segment around an address, or NULL. */
const struct elf_segment *elf_segment_at(const struct elf_file *file, uint64_t va);

/* The file's bytes from va to the end of what its segment has in the file; empty when none. */
struct slice elf_bytes_from(const struct elf_file *file, uint64_t va);

/* The bytes of a whole range, or an empty slice when any of them is not in the file. */
struct slice elf_bytes_of(const struct elf_file *file, struct elf_range range);

/* From the first segment to the last; of those with code only. size 0: there is none. */
struct elf_range elf_span(const struct elf_file *file);
struct elf_range elf_code_span(const struct elf_file *file);

bool elf_is_code(const struct elf_file *file, uint64_t va);
bool elf_is_writable(const struct elf_file *file, uint64_t va);

/* The section by name or NULL; the one around an address or NULL. */
const struct elf_section *elf_section_named(const struct elf_file *file, const char *name);
const struct elf_section *elf_section_at(const struct elf_file *file, uint64_t va);

/* Little-endian loads from anywhere; the caller has checked the bounds. */
static inline uint16_t elf_load16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t elf_load32(const uint8_t *bytes)
{
	uint32_t value;
	__builtin_memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint64_t elf_load64(const uint8_t *bytes)
{
	uint64_t value;
	__builtin_memcpy(&value, bytes, sizeof(value));
	return value;
}

/* A word of the file's class, zero-extended. */
static inline uint64_t elf_load_word(const struct elf_file *file, const uint8_t *bytes)
{
	return file->word_bytes == 8 ? elf_load64(bytes) : elf_load32(bytes);
}

/* The word at an address; false when it is not in the file (.bss reads as no word). */
bool elf_read_word(const struct elf_file *file, uint64_t va, uint64_t *out_word);

/* The terminated string at an address, or NULL. Points into the file. */
const char *elf_string_at(const struct elf_file *file, uint64_t va);
