#pragma once

#include "disasm/instruction.h"
#include "elf/dynamic.h"
#include "elf/golang.h"
#include "elf/relocations.h"
#include "elf/symbols.h"
#include "elf/unwind.h"

/* What one instruction does that needs no values to know; addresses from the image's base. */
struct event {
	uint32_t off;
	uint32_t value;
	uint8_t kind; /* enum sweep_kind */
	uint8_t width_bytes;
};

/* What a pass over all code of a file finds; all the rest is read from its headers. */
struct image_tables {
	const uint64_t *entries; /* as in struct image, likewise below */
	size_t entry_count;
	const uint64_t *borders;
	size_t border_count;
	const struct event *events;
	size_t event_count;
	size_t code_bytes;
	size_t syscall_sites;
};

/* What an image is made from. All of it is borrowed as long as the image. */
struct image_source {
	struct slice bytes; /* of the whole file */
	bool mapped;        /* by file_map_open: large parts that are done with are dropped */
	const char *input;  /* its name in messages */
	const struct image_tables *tables; /* of the same content, found before; NULL: find them */
};

/*
 * One ELF file made ready for following its code: where functions start, which words hold
 * pointers, where one data object ends and the next begins.
 */
struct image {
	struct elf_file file;
	bool mapped; /* as its source says */
	struct elf_dynamic dynamic;
	struct elf_symbols symbols;         /* dynamic */
	struct elf_symbols static_symbols;  /* .symtab; often none */
	struct elf_relocations relocations; /* in a program at a fixed address also words that look
					       like pointers */
	struct elf_unwind unwind;
	struct golang_table golang;
	bool has_copies; /* variables copied from libraries (R_*_COPY) */
	const struct machine *machine;
	enum arch arch;
	bool fixed; /* linked to run at its own addresses: any constant may be an address */
	const uint64_t *entries; /* ascending: called, named, pointed to, or with an FDE */
	size_t entry_count;
	const struct elf_symbol *const *exports; /* dynamic symbols defined here, ascending va */
	size_t export_count;
	const uint64_t *borders; /* ascending: where data objects may begin */
	size_t border_count;
	uint64_t base;              /* the lowest address */
	const struct event *events; /* ascending; jumps only when they leave their FDE */
	size_t event_count;
	size_t code_bytes;
	size_t syscall_sites; /* instructions, live or not */
};

enum { IMAGE_DROP_BYTES = 8 << 20 }; /* of a mapped file are kept when they are done with */

enum { IMAGE_MAX_BYTES = INT32_MAX }; /* of its addresses, as events have 32 bits for them */

/*
 * returns   STATUS_UNSUPPORTED: not an ELF program or library, or of an architecture whose
 *           instructions are not analysed; STATUS_MALFORMED, STATUS_LIMIT
 */
enum status image_open(const struct image_source *source, struct problem_list *problems,
		       struct image *out_image, struct error *err)
    __attribute__((warn_unused_result, nonnull));

bool image_is_entry(const struct image *image, uint64_t va);

/* The first entry at or behind an address; UINT64_MAX: none. */
uint64_t image_entry_from(const struct image *image, uint64_t va);

/* One of the dynamic names of what is at an address; NULL: none. */
const char *image_export_name(const struct image *image, uint64_t va);

bool image_is_export(const struct image *image, uint64_t va);

/* The FDE around an address, or NULL. */
const struct elf_fde *image_fde_at(const struct image *image, uint64_t va);

/* The first event at or behind an address. */
size_t image_event_from(const struct image *image, uint64_t va);

/*
 * Where the function around an address begins and ends: by its FDE or Go's table; else by the
 * entries around it, which may be none: in a program at a fixed address any number could be one.
 *
 * out_certain   whether it is by a table; may be NULL
 */
struct elf_range image_function_around(const struct image *image, uint64_t va, bool *out_certain);

/*
 * The data object around an address; its segment's part when nothing is known. size 0: no data.
 * out_number   the object's, below the counts of borders and segments together
 */
struct elf_range image_object_at(const struct image *image, uint64_t va, size_t *out_number);

/* Whether a constant may be an address of this file. */
bool image_contains(const struct image *image, uint64_t va);

/*
 * A word that never changes: in memory that is not writable once ld.so is done, and that ld.so
 * does not fill. False for all others.
 */
bool image_constant(const struct image *image, uint64_t va, unsigned width_bytes,
		    uint64_t *out_value);

/* The name of the function that starts at va, dynamic symbols first; NULL when it has none. */
const char *image_name_of(const struct image *image, uint64_t va);
