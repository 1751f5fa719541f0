#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Finds the machine code in ELF files, by section headers and nothing else: independent of
 * src/elf, so that the decoders are not tested through it.
 */
struct code_range {
	const char *path; /* borrowed for the call */
	struct slice code;
	uint64_t va;
};

typedef bool code_visitor(const struct code_range *range, void *context);

/*
 * Calls visit for each executable section of the 64-bit ELF files for the machine (EM_X86_64…)
 * below path, a file or a folder; links are not followed, a file with several names comes once.
 *
 * returns   false: visit returned false, which ends the walk
 */
bool code_files_visit(const char *path, uint16_t machine, code_visitor *visit, void *context);
