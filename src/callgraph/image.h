#pragma once

#include "callgraph/address_set.h"
#include "disasm/instruction.h"
#include "elf/dynamic.h"
#include "elf/golang.h"
#include "elf/relocations.h"
#include "elf/symbols.h"
#include "elf/unwind.h"

/* What a function does that matters for which syscalls a program can make. */
enum fact_kind {
	FACT_CALL,      /* target: code address */
	FACT_JUMP,      /* a tail call, or control running into another function */
	FACT_CALL_SLOT, /* target: the address of the word that holds the function's address */
	FACT_JUMP_SLOT,
	FACT_CALL_UNKNOWN, /* through a pointer; what it may point to is address-taken code */
	FACT_REFERENCE,    /* target: an address of this file that was computed */
	FACT_LOAD,         /* target: an address that was read, width_bytes of it */
	FACT_STORE,        /* target: a variable that a pointer from the caller is put into */
	FACT_SYSCALL,
	FACT_SYSCALL_I386,
	FACT_KIND_COUNT,
};

enum {
	LOAD_MAX_BYTES = 64,   /* that one instruction reads */
	COPY_MAX_BYTES = 4096, /* of a variable that is copied from a library */
};

/* What one instruction does that needs no values to know. */
struct event {
	uint32_t off;  /* of the instruction, from the image's base */
	uint32_t what; /* its kind, and where it leads: see below */
};

enum { EVENT_KIND_BITS = 4, EVENT_COUNT_BITS = 4, EVENT_LINK_BITS = 32 - EVENT_KIND_BITS };
enum { EVENT_MAX_COUNT = (1 << EVENT_COUNT_BITS) - 1 };

static inline unsigned event_kind(const struct event *event) /* enum fact_kind */
{
	return event->what & ((1U << EVENT_KIND_BITS) - 1);
}

/* Of calls, jumps, references a link; of slots the relocation's number + 1. */
static inline uint32_t event_link(const struct event *event)
{
	return event->what >> EVENT_KIND_BITS;
}

/* How many relocations fill what a load reads; 0: see odd_load. */
static inline unsigned event_load_count(const struct event *event)
{
	return event->what >> EVENT_KIND_BITS & EVENT_MAX_COUNT;
}

/* The first of these relocations, or the number of the odd load. */
static inline uint32_t event_load_first(const struct event *event)
{
	return event->what >> (EVENT_KIND_BITS + EVENT_COUNT_BITS);
}

/* A load of many words that ld.so fills, or from where a variable may have been copied to. */
struct odd_load {
	uint32_t off; /* what is read, from the image's base */
	uint32_t width_bytes;
};

enum {
	IMAGE_MAX_NUMBERS = 1 << 26, /* of functions, and of places: links have 28 bits */
	IMAGE_MAX_ODD_LOADS = 1 << (EVENT_LINK_BITS - EVENT_COUNT_BITS),
};

/* A link is the number of a function or of a place in data; 0: it is not known. */
enum { LINK_NOWHERE = 1 }; /* not to code, though control would go there */

static inline uint32_t link_to_function(uint32_t number)
{
	return (number + 1) << 1;
}

static inline uint32_t link_to_place(uint32_t number)
{
	return (number + 1) << 1 | 1;
}

static inline bool link_is_place(uint32_t link)
{
	return (link & 1) != 0;
}

static inline uint32_t link_number(uint32_t link)
{
	return (link >> 1) - 1;
}

enum {
	FUNCTION_HAS_SYSCALL = 1,
	FUNCTION_IS_STUB = 2, /* see swept_is_stub */
	FUNCTION_IS_EXPORTED = 4,
};

enum { FUNCTION_MAX_EVENTS = (1 << 28) - 1 };

/* The events of a function that an FDE or Go's table bounds. */
struct image_function {
	uint32_t first_event;
	uint32_t event_count : 28;
	uint32_t flags : 4;
};

/* A place in data. */
struct image_place {
	uint32_t off;    /* from the image's base */
	uint32_t object; /* the number of the data object around it; PLACE_IS_WORD: it is one */
	uint32_t next,
	    end; /* relocations that fill the object's words; none: it holds no pointers */
};

#define PLACE_IS_WORD UINT32_MAX /* by itself, as the words of a GOT are */

/*
 * What a pass over all code of a file finds; all the rest is read from its headers. Functions are
 * numbered: entries first, then targets. Places are, too. Addresses are from the image's base on, in
 * ascending order.
 */
struct image_tables {
	const uint32_t *entries; /* called, named, pointed to, or with an FDE */
	size_t entry_count;
	/*
	 * A bit for each entry, which only counts when no table bounds the function: up to the
	 * next entry all is code, and control does not run on there, unless all is padding.
	 */
	const uint64_t *closed;
	const uint32_t *targets; /* other code that is jumped to from another function */
	size_t target_count;
	const struct image_function *functions; /* of those entries and targets that have one */
	size_t function_count;
	struct address_numbers function_rows; /* by the number of the entry or target */
	const struct image_place *places;     /* that code or a relative relocation mentions */
	size_t place_count;
	const uint32_t *borders; /* where data objects may begin */
	size_t border_count;
	const struct event *events; /* ascending; jumps only when they leave their function */
	size_t event_count;
	const struct odd_load *odd_loads;
	size_t odd_load_count;
	const uint32_t *relocation_links; /* where each relative one leads; 0: it is none */
	size_t relocation_count;
	size_t code_bytes;
	size_t syscall_sites; /* instructions, live or not */
};

/* What an image is made from. All of it is borrowed as long as the image. */
struct image_source {
	struct slice bytes; /* of the whole file */
	bool mapped;        /* by file_map_open: parts that are done with are dropped */
	const char *input;  /* its name in messages */
	const struct image_tables
	    *tables; /* of the same content, as found before; NULL: find them */
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
	const struct elf_symbol *const *exports; /* dynamic symbols defined here, ascending va */
	size_t export_count;
	uint64_t base; /* the lowest address */
	struct image_tables tables;
};

enum { IMAGE_DROP_BYTES = 1 << 20 }; /* of a mapped file are kept when they are done with */

enum { IMAGE_MAX_BYTES = INT32_MAX }; /* of its addresses, as events have 32 bits for them */

/*
 * returns   STATUS_UNSUPPORTED: not an ELF program or library, or of an architecture whose
 *           instructions are not analysed; STATUS_MALFORMED, STATUS_LIMIT
 */
enum status image_open(const struct image_source *source, struct problem_list *problems,
		       struct image *out_image, struct error *err)
    __attribute__((warn_unused_result, nonnull));

bool image_is_entry(const struct image *image, uint64_t va);

/* Whether the code from an entry to the next one is closed (see the tables). */
bool image_is_closed(const struct image *image, uint64_t va);

/* The first entry at or behind an address; UINT64_MAX: none. */
uint64_t image_entry_from(const struct image *image, uint64_t va);

/* The number of the function that starts at an address; ADDRESS_NONE: it is in no table. */
uint32_t image_function_number(const struct image *image, uint64_t va);
uint32_t image_target_number(const struct image *image, uint64_t va); /* of what is no entry */

/* The link to it; 0: it is in no table. */
static inline uint32_t image_function_link(const struct image *image, uint64_t va)
{
	uint32_t number = image_function_number(image, va);
	return number == ADDRESS_NONE ? 0 : link_to_function(number);
}

/* The address of a function by its number. */
static inline uint64_t image_function_va(const struct image *image, uint32_t number)
{
	const struct image_tables *tables = &image->tables;
	return image->base + (number < tables->entry_count
				  ? tables->entries[number]
				  : tables->targets[number - tables->entry_count]);
}

/* What is known of a function by its number; NULL: no table bounds it. */
static inline const struct image_function *image_bounded(const struct image *image, uint32_t number)
{
	uint32_t row = address_number(&image->tables.function_rows, number);
	return row == ADDRESS_NONE ? NULL : &image->tables.functions[row];
}

/*
 * Functions that a table bounds share all their code when one of them is jumped into, as by its
 * own cold part: the row, in the table of functions, of the first that has it. ADDRESS_NONE: no
 * table bounds it, or it has no events.
 */
uint32_t image_body(const struct image *image, uint32_t number);

/* The number of a place; ADDRESS_NONE: it is in no table. */
uint32_t image_place_number(const struct image *image, uint64_t va);

/* What is known of a place in no table. out_object: around it; may be NULL */
struct image_place image_place_at(const struct image *image, uint64_t va,
				  struct elf_range *out_object);

/* Whether an address that code or data mentions is one of code: there is data among it. */
bool image_is_code(const struct image *image, uint64_t va);

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
