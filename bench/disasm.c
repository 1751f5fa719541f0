/*
 * MB of x86-64 code per second: our sweep, our decoder, Zydis, and objdump -d, on the code of the
 * files given (default: the C library). Prints "name value unit" lines: the best of several rounds
 * and, for the sweep, their median, in CPU time.
 */
#include <Zydis/Zydis.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "code_files.h"
#include "disasm/instruction.h"
#include "disasm/sweep.h"

enum { ROUND_COUNT = 9, EVENT_COUNT = 4096, RANGE_LIMIT = 64 };

struct corpus {
	struct code_range ranges[RANGE_LIMIT];
	size_t count;
	size_t size_bytes;
};

static bool add_range(const struct code_range *range, void *context)
{
	struct corpus *corpus = context;
	uint8_t *copy = malloc(range->code.size_bytes);
	if (copy == NULL || corpus->count == RANGE_LIMIT) {
		free(copy);
		return false;
	}
	memcpy(copy, range->code.bytes, range->code.size_bytes);
	corpus->ranges[corpus->count++] =
	    (struct code_range){ NULL, { copy, range->code.size_bytes }, range->va };
	corpus->size_bytes += range->code.size_bytes;
	return true;
}

static uint64_t run_sweep(const struct code_range *range)
{
	static struct sweep_event events[EVENT_COUNT];
	struct sweep sweep;
	uint64_t total = 0;
	size_t count;
	if (sweep_init(&sweep, ARCH_X86_64, range->code, range->va))
		while ((count = sweep_next(&sweep, events, EVENT_COUNT)) != 0)
			total += count;
	return total;
}

static uint64_t run_decoder(const struct code_range *range)
{
	uint64_t total = 0;
	for (size_t off = 0; off < range->code.size_bytes;) {
		struct instruction instruction;
		bool good =
		    instruction_decode(ARCH_X86_64, range->code.bytes + off,
				       range->code.size_bytes - off, range->va + off, &instruction);
		off += good ? instruction.length_bytes : 1;
		total += good;
	}
	return total;
}

static uint64_t run_zydis(const struct code_range *range, bool minimal)
{
	ZydisDecoder decoder;
	uint64_t total = 0;
	(void)ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (minimal)
		(void)ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	for (size_t off = 0; off < range->code.size_bytes;) {
		ZydisDecodedInstruction decoded;
		ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
		ZydisDecoderContext context;
		const uint8_t *bytes = range->code.bytes + off;
		size_t left = range->code.size_bytes - off;
		ZyanStatus status =
		    minimal
			? ZydisDecoderDecodeInstruction(&decoder, &context, bytes, left, &decoded)
			: ZydisDecoderDecodeFull(&decoder, bytes, left, &decoded, operands);
		bool good = ZYAN_SUCCESS(status);
		off += good ? decoded.length : 1;
		total += good;
	}
	return total;
}

static uint64_t run_zydis_minimal(const struct code_range *range)
{
	return run_zydis(range, true);
}

static uint64_t run_zydis_full(const struct code_range *range)
{
	return run_zydis(range, false);
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static double cpu_s(int who)
{
	struct rusage usage;
	getrusage(who, &usage);
	return seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
}

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static void measure(const char *name, const struct corpus *corpus,
		    uint64_t (*run)(const struct code_range *))
{
	double rates[ROUND_COUNT];
	uint64_t found = 0;
	for (int round = 0; round < ROUND_COUNT; round++) {
		double start_s = now_s();
		for (size_t i = 0; i < corpus->count; i++)
			found += run(&corpus->ranges[i]);
		rates[round] = (double)corpus->size_bytes / (now_s() - start_s) / 1e6;
	}
	qsort(rates, ROUND_COUNT, sizeof(*rates), compare_doubles);
	printf("%s-best %.1f MB/s\n", name, rates[ROUND_COUNT - 1]);
	printf("%s-median %.1f MB/s\n", name, rates[ROUND_COUNT / 2]);
	if (found == 0)
		exit(1);
}

static void measure_objdump(const char *path, size_t size_bytes)
{
	char command[4200];
	snprintf(command, sizeof(command), "objdump -d '%s' >/dev/null", path);
	double start_s = cpu_s(RUSAGE_CHILDREN);
	if (system(command) == 0) // NOLINT(cert-env33-c)
		printf("objdump-d %.1f MB/s\n",
		       (double)size_bytes / (cpu_s(RUSAGE_CHILDREN) - start_s) / 1e6);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/lib/x86_64-linux-gnu/libc.so.6";
	struct corpus corpus = { 0 };
	char real[4096];
	if (realpath(path, real) == NULL ||
	    !code_files_visit(real, EM_X86_64, add_range, &corpus) || corpus.size_bytes == 0) {
		fprintf(stderr, "%s: no x86-64 code\n", path);
		return 77;
	}
	printf("disasm-code %zu bytes\n", corpus.size_bytes);
	measure("disasm-sweep", &corpus, run_sweep);
	measure("disasm-decode", &corpus, run_decoder);
	measure("zydis-minimal", &corpus, run_zydis_minimal);
	measure("zydis-full", &corpus, run_zydis_full);
	measure_objdump(real, corpus.size_bytes);
	for (size_t i = 0; i < corpus.count; i++)
		free((void *)(uintptr_t)corpus.ranges[i].code.bytes);
	return 0;
}
