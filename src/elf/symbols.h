#pragma once

#include "elf/dynamic.h"

enum {
	ELF_MAX_SYMBOLS = 1 << 23, /* the largest seen, in a browser engine, has 700,000 */
	ELF_MAX_VERSIONS = 1 << 15,
};

enum elf_symbol_type {
	ELF_SYMBOL_NONE,
	ELF_SYMBOL_OBJECT,
	ELF_SYMBOL_FUNCTION,
	ELF_SYMBOL_IFUNC, /* its value is a resolver */
	ELF_SYMBOL_TLS,
	ELF_SYMBOL_OTHER, /* section, file */
};

struct elf_symbol {
	const char *name;    /* "" when it has none */
	const char *version; /* NULL: none; of the definition or of what is needed */
	uint64_t va;         /* st_value */
	uint64_t size_bytes;
	enum elf_symbol_type type;
	bool defined;
	bool weak;
	bool local;
	bool hidden_version; /* only found by its version, not by name alone */
};

struct elf_symbols {
	const struct elf_symbol *symbols; /* dynamic ones: by index, entry 0 unused */
	size_t count;
};

/*
 * The dynamic symbols with their versions, found without section headers: their number comes
 * from DT_HASH, or from the chains of DT_GNU_HASH and the relocations' indices.
 *
 * max_index   largest symbol index that a relocation names, 0 if unknown
 * returns     STATUS_MALFORMED, STATUS_LIMIT
 * source      gABI ch. 4 "Symbol Table", ch. 5 "Hash Table"; LSB 5.0 "Symbol Versioning"
 */
enum status elf_symbols_read(const struct elf_file *file, const struct elf_dynamic *dynamic,
			     size_t max_index, struct elf_symbols *out_symbols, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* The symbols of .symtab when section headers have one: names and sizes of local functions. */
enum status elf_static_symbols_read(const struct elf_file *file, struct elf_symbols *out_symbols,
				    struct error *err) __attribute__((warn_unused_result, nonnull));
