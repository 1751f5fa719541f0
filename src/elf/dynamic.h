#pragma once

#include "elf/file.h"

/* What PT_DYNAMIC says, checked. Source: gABI ch. 5, "Dynamic Section"; GNU and Sun extensions. */
struct elf_dynamic {
	const char *const *needed; /* DT_NEEDED in order */
	size_t needed_count;
	const char *soname; /* NULL: none; likewise below */
	const char *rpath;  /* counts only without a runpath */
	const char *runpath;
	uint64_t flags_1; /* DF_1_* */
	uint64_t init_va; /* 0: none */
	uint64_t fini_va;
	struct elf_range preinit_array;
	struct elf_range init_array;
	struct elf_range fini_array;
	struct slice strings; /* DT_STRTAB, clipped to the file */
	uint64_t symbols_va;  /* 0: none */
	struct elf_range rela;
	struct elf_range rel;
	struct elf_range relr;
	struct elf_range jump_slots; /* DT_JMPREL */
	bool jump_slots_have_addends;
	uint64_t hash_va;
	uint64_t gnu_hash_va;
	uint64_t versions_va; /* DT_VERSYM */
	uint64_t version_definitions_va;
	uint64_t version_definition_count;
	uint64_t version_needs_va;
	uint64_t version_need_count;
	uint64_t plt_got_va;
};

/*
 * A file without PT_DYNAMIC yields a zeroed result: a static program.
 * returns   STATUS_MALFORMED, STATUS_LIMIT
 */
enum status elf_dynamic_read(const struct elf_file *file, struct elf_dynamic *out_dynamic,
			     struct error *err) __attribute__((warn_unused_result, nonnull));

/* The string at an offset of DT_STRTAB, or NULL. */
const char *elf_dynamic_string(const struct elf_dynamic *dynamic, uint64_t off);
