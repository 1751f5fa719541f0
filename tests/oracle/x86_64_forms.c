/*
 * Every opcode of every map with every modrm byte, under many prefixes, against Zydis: what rare
 * instructions write, which code that is installed here may not have. Fails when ours refuses an
 * instruction, gives another length, class or operand, or misses a register, flags or memory that
 * is written. is_exception lists the exceptions.
 */
#include <stdio.h>
#include <string.h>

#include "compare_instructions.h"
#include "zydis_instruction.h"

enum { LENGTH_LIMIT_BYTES = 15, SHOWN_LIMIT = 20, VA = 0x400000 };

enum {
	FAULTS = 1 << DIFFERENT_OPERATION | 1 << DIFFERENT_OPERAND | 1 << MISSED_WRITE |
		 1 << MISSED_FLAGS | 1 << MISSED_STORE,
};

struct check {
	ZydisDecoder decoder;
	uint64_t tried, accepted, faults;
};

static bool is_exception(const struct instruction *theirs, const struct instruction *ours)
{
	/* pause with REX.B, which processors take for xchg; nops among bound instructions */
	if (ours->operation == OPERATION_OTHER && theirs->operation == OPERATION_NOTHING)
		return true;
	/* bounds: only an address, and bndldx's and bndstx's memory is in tables behind it */
	const struct operand *memory = &theirs->operands[1];
	return memory->kind == OPERAND_MEMORY &&
	       (memory->width_bytes == 24 || (!memory->foreign && ours->operands[1].foreign));
}

static void try_bytes(struct check *check, const uint8_t *bytes)
{
	struct instruction theirs;
	struct instruction ours = { 0 };
	check->tried++;
	if (!zydis_instruction_decode(&check->decoder, bytes, LENGTH_LIMIT_BYTES, VA, &theirs))
		return;
	check->accepted++;
	bool is_same = instruction_decode(ARCH_X86_64, bytes, LENGTH_LIMIT_BYTES, VA, &ours) &&
		       ours.length_bytes == theirs.length_bytes;
	uint32_t found = is_same ? compare_instructions(&theirs, &ours) : FAULTS;
	if ((found & FAULTS) == 0 || is_exception(&theirs, &ours))
		return;
	if (++check->faults <= SHOWN_LIMIT)
		show_instructions("fault", "", bytes, &theirs, &ours);
}

/* All modrm bytes behind the given start, with bytes after them that name other registers. */
static void try_start(struct check *check, const uint8_t *start, size_t size_bytes)
{
	uint8_t bytes[LENGTH_LIMIT_BYTES];
	memcpy(bytes, start, size_bytes);
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		bytes[size_bytes] = (uint8_t)modrm;
		for (size_t i = size_bytes + 1; i < LENGTH_LIMIT_BYTES; i++)
			bytes[i] = (uint8_t)(0x11 + i * 3);
		try_bytes(check, bytes);
	}
}

static void try_legacy(struct check *check)
{
	static const char *const prefixes[] = {
		"",         "\x66",     "\xf2",     "\xf3",     "\x40",     "\x41",
		"\x44",     "\x48",     "\x67",     "\xf0",     "\x64",     "\x2e",
		"\x66\x48", "\xf2\x48", "\xf3\x48", "\x66\xf2", "\x66\xf3", "\xf0\x48",
	};
	static const char *const escapes[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		for (size_t j = 0; j < sizeof(escapes) / sizeof(escapes[0]); j++)
			for (unsigned opcode = 0; opcode < 256; opcode++) {
				uint8_t start[LENGTH_LIMIT_BYTES];
				size_t size_bytes = (size_t)snprintf(
				    (char *)start, sizeof(start), "%s%s", prefixes[i], escapes[j]);
				start[size_bytes++] = (uint8_t)opcode;
				try_start(check, start, size_bytes);
			}
}

/* C4 and 8F: map, W and pp, vvvv of no register and of two, L. */
static void try_vex(struct check *check, uint8_t first, unsigned map)
{
	static const uint8_t registers[] = { 15, 12, 3 };
	for (unsigned choice = 0; choice < 2 * 2 * 4 * 3; choice++)
		for (unsigned opcode = 0; opcode < 256; opcode++) {
			uint8_t start[] = { first, (uint8_t)(0xe0 | map),
					    (uint8_t)((choice & 1) << 7 |
						      (unsigned)registers[choice / 16] << 3 |
						      (choice & 2) << 1 | (choice >> 2 & 3)),
					    (uint8_t)opcode };
			try_start(check, start, sizeof(start));
		}
}

/* 62: map, W and pp, vvvv of two, vector length, broadcast, mask. */
static void try_evex(struct check *check, unsigned map)
{
	for (unsigned choice = 0; choice < 2 * 2 * 2 * 2 * 4 * 3; choice++)
		for (unsigned opcode = 0; opcode < 256; opcode++) {
			uint8_t start[] = { 0x62, (uint8_t)(0xf0 | map),
					    (uint8_t)((choice & 1) << 7 |
						      ((choice & 2) != 0 ? 15u : 12u) << 3 | 4 |
						      (choice >> 4 & 3)),
					    (uint8_t)(choice >> 6 << 5 | (choice & 4) << 2 | 8 |
						      (choice >> 3 & 1)),
					    (uint8_t)opcode };
			try_start(check, start, sizeof(start));
		}
}

int main(void)
{
	struct check check = { 0 };
	(void)ZydisDecoderInit(&check.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	try_legacy(&check);
	for (unsigned map = 1; map <= 3; map++)
		try_vex(&check, 0xc4, map);
	for (unsigned map = 8; map <= 10; map++)
		try_vex(&check, 0x8f, map);
	for (unsigned map = 1; map <= 6; map++)
		try_evex(&check, map);
	printf("oracle-forms-tried %llu count\n", (unsigned long long)check.tried);
	printf("oracle-forms-accepted %llu count\n", (unsigned long long)check.accepted);
	printf("oracle-forms-faults %llu count\n", (unsigned long long)check.faults);
	return check.accepted > 0 && check.faults == 0 ? 0 : 1;
}
