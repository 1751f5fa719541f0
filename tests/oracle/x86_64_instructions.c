/*
 * x86-64 instructions in the words of disasm/instruction.h against Zydis, on all code below the
 * given paths:
 *
 *   x86_64_instructions [-s SECONDS] PATH…
 *
 * Equal must be operation, condition and operands; of the registers written and read, flags set and
 * memory written, ours may be more, never less. -s: end after that many seconds of work.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "code_files.h"
#include "zydis_instruction.h"

enum { SHOWN_LIMIT = 8, DIFFERENCES_PER = 10000000 };

enum difference {
	DIFFERENT_OPERATION,
	DIFFERENT_OPERAND,
	MISSED_WRITE,
	MISSED_READ,
	MISSED_FLAGS,
	MISSED_STORE,
	ADDED_WRITE, /* from here on only less precise */
	ADDED_READ,
	ADDED_FLAGS,
	ADDED_STORE,
	DIFFERENCE_COUNT,
};

static const char *const names[DIFFERENCE_COUNT] = {
	"operations-different", "operands-different", "writes-missed", "reads-missed",
	"flags-missed",         "stores-missed",      "writes-added",  "reads-added",
	"flags-added",          "stores-added",
};

struct check {
	ZydisDecoder decoder;
	double end_s;
	uint64_t instructions, other_lengths;
	uint64_t counts[DIFFERENCE_COUNT];
};

/* What is decoded, for messages. */
struct place {
	const struct code_range *range;
	size_t off;
	const struct instruction *theirs, *ours;
};

static void show_operands(const struct instruction *instruction)
{
	for (int i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		printf(" %u:%u:%u+%u*%u:%d:%#llx", operand->kind, operand->width_bytes,
		       operand->reg, operand->index, operand->scale, operand->foreign,
		       (unsigned long long)operand->value);
	}
	printf("\n");
}

static void show(const struct place *place, const char *name)
{
	printf("# %s %s %#llx:", name, place->range->path, (unsigned long long)place->theirs->va);
	for (size_t i = 0; i < place->theirs->length_bytes; i++)
		printf(" %02x", place->range->code.bytes[place->off + i]);
	printf(" operation %u not %u, written %#x not %#x, read %#x not %#x\n",
	       place->ours->operation, place->theirs->operation, place->ours->registers_written,
	       place->theirs->registers_written, place->ours->registers_read,
	       place->theirs->registers_read);
	printf("#   ours  ");
	show_operands(place->ours);
	printf("#   theirs");
	show_operands(place->theirs);
}

static void note(struct check *check, const struct place *place, enum difference difference)
{
	if (++check->counts[difference] <= SHOWN_LIMIT)
		show(place, names[difference]);
}

static void compare_sets(struct check *check, const struct place *place, uint32_t theirs,
			 uint32_t ours, enum difference missed)
{
	if ((theirs & ~ours) != 0)
		note(check, place, missed);
	if ((ours & ~theirs) != 0)
		note(check, place, missed + (ADDED_WRITE - MISSED_WRITE));
}

static bool is_same_operand(const struct operand *theirs, const struct operand *ours)
{
	if (theirs->kind != ours->kind)
		return false;
	if (theirs->kind == OPERAND_NONE)
		return true;
	if (theirs->kind == OPERAND_IMMEDIATE) { /* as wide as the instruction uses it */
		unsigned unused = 64 - 8u * ours->width_bytes;
		return (uint64_t)(theirs->value ^ ours->value) << unused == 0;
	}
	bool is_same = theirs->reg == ours->reg && theirs->foreign == ours->foreign &&
		       (theirs->width_bytes == ours->width_bytes || ours->width_bytes == 0);
	if (theirs->kind == OPERAND_MEMORY)
		is_same = is_same && theirs->index == ours->index &&
			  (ours->foreign || theirs->scale == ours->scale) &&
			  theirs->value == ours->value;
	return is_same;
}

static bool has_same_operands(const struct instruction *theirs, const struct instruction *ours)
{
	if (ours->operation == OPERATION_NOTHING || ours->operation == OPERATION_TRAP)
		return true;
	for (int i = 0; i < OPERAND_LIMIT; i++)
		if (!is_same_operand(&theirs->operands[i], &ours->operands[i]))
			return false;
	return true;
}

static void compare(struct check *check, const struct place *place)
{
	const struct instruction *theirs = place->theirs;
	const struct instruction *ours = place->ours;
	if (theirs->operation != ours->operation || theirs->condition != ours->condition)
		note(check, place, DIFFERENT_OPERATION);
	else if (!has_same_operands(theirs, ours))
		note(check, place, DIFFERENT_OPERAND);
	if (ours->operation == OPERATION_NOTHING || ours->operation == OPERATION_TRAP)
		return;
	compare_sets(check, place, theirs->registers_written, ours->registers_written,
		     MISSED_WRITE);
	compare_sets(check, place, theirs->sets_flags, ours->sets_flags, MISSED_FLAGS);
	compare_sets(check, place, theirs->writes_memory, ours->writes_memory, MISSED_STORE);
	if (ours->operation == OPERATION_OTHER)
		compare_sets(check, place, theirs->registers_read, ours->registers_read,
			     MISSED_READ);
}

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool check_range(const struct code_range *range, void *context)
{
	struct check *check = context;
	for (size_t off = 0; off < range->code.size_bytes;) {
		const uint8_t *bytes = range->code.bytes + off;
		size_t left = range->code.size_bytes - off;
		struct instruction theirs;
		struct instruction ours;
		if (!zydis_instruction_decode(&check->decoder, bytes, left, range->va + off,
					      &theirs)) {
			off++;
			continue;
		}
		check->instructions++;
		struct place place = { range, off, &theirs, &ours };
		if (!instruction_decode(ARCH_X86_64, bytes, left, range->va + off, &ours) ||
		    ours.length_bytes != theirs.length_bytes)
			check->other_lengths++; /* x86_64_lengths tells of these */
		else
			compare(check, &place);
		off += theirs.length_bytes;
	}
	return now_s() < check->end_s;
}

int main(int argc, char **argv)
{
	struct check check = { .end_s = 1e9 };
	int option;
	while ((option = getopt(argc, argv, "s:")) != -1)
		if (option == 's')
			check.end_s = strtod(optarg, NULL);
	(void)ZydisDecoderInit(&check.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (int i = optind; i < argc; i++)
		if (!code_files_visit(argv[i], EM_X86_64, check_range, &check))
			break;
	printf("oracle-instructions %llu count\n", (unsigned long long)check.instructions);
	printf("oracle-other-lengths %llu count\n", (unsigned long long)check.other_lengths);
	uint64_t wrong = check.other_lengths;
	for (int i = 0; i < DIFFERENCE_COUNT; i++) {
		printf("oracle-%s %llu count\n", names[i], (unsigned long long)check.counts[i]);
		wrong += i < ADDED_WRITE ? check.counts[i] : 0;
	}
	return check.instructions > 0 && wrong * DIFFERENCES_PER <= check.instructions ? 0 : 1;
}
