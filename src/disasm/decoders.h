#pragma once

#include "disasm/instruction.h"

/* One pair per architecture that is analysed; internal to disasm/. */
extern const struct machine x86_64_machine;
bool x86_64_decode(const uint8_t *bytes, size_t size_bytes, uint64_t va,
		   struct instruction *out_instruction);

extern const struct machine aarch64_machine;
bool aarch64_decode(const uint8_t *bytes, size_t size_bytes, uint64_t va,
		    struct instruction *out_instruction);
