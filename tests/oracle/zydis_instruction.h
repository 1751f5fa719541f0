#pragma once

#include <Zydis/Zydis.h>

#include "disasm/instruction.h"

/* As instruction_decode. */
bool zydis_instruction_decode(const ZydisDecoder *decoder, const uint8_t *bytes, size_t size_bytes,
			      uint64_t va, struct instruction *out_instruction);
