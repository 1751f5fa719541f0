#pragma once

#include "elf/file.h"

enum { ELF_MAX_FDES = 1 << 22 };

/* The code range of one frame description entry: a function, or a part of one (".cold"). */
struct elf_fde {
	uint64_t start_va;
	uint64_t end_va;
	uint64_t lsda_va; /* exception table, 0: none */
};

struct elf_unwind {
	const struct elf_fde *fdes; /* ascending start_va */
	size_t count;
};

/*
 * The ranges of .eh_frame, found through PT_GNU_EH_FRAME or, without it, the section header.
 * What is malformed ends the walk with a problem; what was read before it is kept.
 *
 * source   LSB 5.0 core, "Exception Frames"; DWARF 5, 7.24 and the GNU augmentations
 */
void elf_unwind_read(const struct elf_file *file, const char *input, struct problem_list *problems,
		     struct elf_unwind *out_unwind);

/*
 * Addresses of the landing pads of one FDE: code that is entered by unwinding only.
 *
 * pads      at most max_count are written
 * returns   how many there are, also past max_count; 0 for a malformed table
 * source    Itanium C++ ABI "Exception handling", as GCC's LSDA
 */
size_t elf_landing_pads(const struct elf_file *file, const struct elf_fde *fde, uint64_t *pads,
			size_t max_count);
