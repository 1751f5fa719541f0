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
#include "compare_instructions.h"
#include "zydis_instruction.h"

enum { SHOWN_LIMIT = 8, DIFFERENCES_PER = 10000000 };

struct check {
	ZydisDecoder decoder;
	double end_s;
	uint64_t instructions, other_lengths;
	uint64_t counts[DIFFERENCE_COUNT];
};

static void compare(struct check *check, const char *path, const uint8_t *bytes,
		    const struct instruction *theirs, const struct instruction *ours)
{
	uint32_t found = compare_instructions(theirs, ours);
	for (unsigned i = 0; i < DIFFERENCE_COUNT; i++)
		if ((found >> i & 1) != 0 && ++check->counts[i] <= SHOWN_LIMIT)
			show_instructions(difference_names[i], path, bytes, theirs, ours);
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
		if (!instruction_decode(ARCH_X86_64, bytes, left, range->va + off, &ours) ||
		    ours.length_bytes != theirs.length_bytes)
			check->other_lengths++; /* x86_64_lengths tells of these */
		else
			compare(check, range->path, bytes, &theirs, &ours);
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
		printf("oracle-%s %llu count\n", difference_names[i],
		       (unsigned long long)check.counts[i]);
		wrong += i < ADDED_WRITE ? check.counts[i] : 0;
	}
	return check.instructions > 0 && wrong * DIFFERENCES_PER <= check.instructions ? 0 : 1;
}
