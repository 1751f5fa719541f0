#pragma once

#include "elf/file.h"

enum { FUZZ_DATA_VA = 0x10000, FUZZ_CODE_VA = 0x1000000, FUZZ_CODE_BYTES = 0x1000000 };

/*
 * A file with one section of that name at FUZZ_DATA_VA, made of the bytes, and behind it code
 * without bytes: so that a fuzzer's every byte counts for the reader of that section.
 */
struct fuzz_sections {
	struct arena arena;
	struct elf_segment segments[2];
	struct elf_section section;
	struct elf_file file;
};

static inline void fuzz_sections_init(struct fuzz_sections *sections, const char *name,
				      const uint8_t *bytes, size_t size_bytes)
{
	*sections = (struct fuzz_sections){ 0 };
	sections->segments[0] = (struct elf_segment){ .va = FUZZ_DATA_VA,
						      .memory_bytes = size_bytes,
						      .file_bytes = size_bytes,
						      .flags = ELF_READ };
	sections->segments[1] = (struct elf_segment){ .va = FUZZ_CODE_VA,
						      .memory_bytes = FUZZ_CODE_BYTES,
						      .flags = ELF_READ | ELF_EXECUTE };
	sections->section =
	    (struct elf_section){ .name = name, .va = FUZZ_DATA_VA, .size_bytes = size_bytes };
	sections->file = (struct elf_file){ .bytes = { bytes, size_bytes },
					    .arena = &sections->arena,
					    .arch = ARCH_X86_64,
					    .word_bytes = 8,
					    .entry_va = FUZZ_CODE_VA,
					    .segments = sections->segments,
					    .segment_count = 2,
					    .sections = &sections->section,
					    .section_count = 1 };
}
