#pragma once

#include <stdbool.h>

#include "disasm/x86_64_fields.h"

/* What an instruction does with the memory that its modrm byte names; internal to disasm/. */

/* Bytes of it that are read or written; 0: not known, or only the address is used. */
unsigned x86_memory_bytes(const struct x86_fields *fields);

/* Whether it is written. Memory that only the opcode names (a stack, rdi) is not meant. */
bool x86_writes_memory(const struct x86_fields *fields);

/* 8, 4 or 2: the size that REX.W and 66 choose. */
unsigned x86_operand_bytes(const struct x86_fields *fields);

/* The displacement of modrm; EVEX counts those of one byte in units of the memory's size. */
int64_t x86_displacement(const struct x86_fields *fields, const uint8_t *bytes);

/* Gathers and scatters: SIB's index is a vector. */
bool x86_has_vector_index(const struct x86_fields *fields);
