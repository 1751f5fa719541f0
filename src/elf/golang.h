#pragma once

#include "elf/file.h"

enum { GOLANG_MAX_FUNCTIONS = 1 << 22 };

struct golang_function {
	uint64_t start_va;
	uint64_t end_va;  /* the next function's start */
	const char *name; /* points into the file */
};

struct golang_table {
	const struct golang_function *functions; /* ascending start_va */
	size_t count;                            /* 0: not a Go program */
	unsigned version; /* of the table's form: 2 (Go 1.2), 116, 118, 120 */
};

/*
 * The functions of a Go program from its pclntab, which is there in stripped programs too. The
 * table is found by its section, or by its magic number in read-only data.
 *
 * source   Go's own debug/gosym and runtime/symtab: the layouts of Go 1.2, 1.16, 1.18 and 1.20
 */
void golang_read(const struct elf_file *file, const char *input, struct problem_list *problems,
		 struct golang_table *out_table);
