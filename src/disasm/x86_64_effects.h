#pragma once

#include "disasm/instruction.h"
#include "disasm/x86_64_fields.h"

/* What instructions without an operation of their own do; internal to disasm/. */

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };

#define X86_BIT(reg) (UINT32_C(1) << (reg))

/*
 * Fills registers_read, registers_written and sets_flags of an OPERATION_OTHER, and writes_memory
 * for memory that modrm does not name. Whatever is not known in detail writes too many registers.
 */
void x86_note_effects(const struct x86_fields *fields, struct instruction *instruction);
