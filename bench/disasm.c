/*
 * MB of x86-64 code per second of CPU time: our sweep, our decoder, Zydis, and objdump -d, on the
 * code of the files given (default: the C library). Prints "name value unit" lines: the best and
 * the median of several rounds, instructions per second, and how many times objdump -d's CPU time
 * is the sweep's.
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

enum { ROUND_COUNT = 9, EVENT_COUNT = 4096, RANGE_LIMIT = 512 };

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

static void forget(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		free((void *)(uintptr_t)corpus->ranges[i].code.bytes);
	*corpus = (struct corpus){ 0 };
}

static uint64_t sweep_range(enum arch arch, const struct code_range *range)
{
	static struct sweep_event events[EVENT_COUNT];
	struct sweep sweep;
	uint64_t total = 0;
	size_t count;
	if (sweep_init(&sweep, arch, range->code, range->va))
		while ((count = sweep_next(&sweep, events, EVENT_COUNT)) != 0)
			total += count;
	return total;
}

static uint64_t run_sweep(const struct code_range *range)
{
	return sweep_range(ARCH_X86_64, range);
}

static uint64_t run_aarch64_sweep(const struct code_range *range)
{
	return sweep_range(ARCH_AARCH64, range);
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

/* Returns the CPU time of the median round, in seconds. */
static double measure(const char *name, const struct corpus *corpus,
		      uint64_t (*run)(const struct code_range *))
{
	double rounds_s[ROUND_COUNT];
	uint64_t found = 0;
	for (int round = 0; round < ROUND_COUNT; round++) {
		double start_s = now_s();
		found = 0;
		for (size_t i = 0; i < corpus->count; i++)
			found += run(&corpus->ranges[i]);
		rounds_s[round] = now_s() - start_s;
	}
	qsort(rounds_s, ROUND_COUNT, sizeof(*rounds_s), compare_doubles);
	double median_s = rounds_s[ROUND_COUNT / 2];
	printf("%s-best %.1f MB/s\n", name, (double)corpus->size_bytes / rounds_s[0] / 1e6);
	printf("%s-median %.1f MB/s\n", name, (double)corpus->size_bytes / median_s / 1e6);
	if (run != run_sweep && run != run_aarch64_sweep) /* whose counts are of events */
		printf("%s-rate %.1f million/s\n", name, (double)found / median_s / 1e6);
	if (found == 0)
		exit(1);
	return median_s;
}

/* Returns its CPU time in seconds, or 0 when it cannot run. */
static double objdump_s(const char *path)
{
	char command[4200];
	snprintf(command, sizeof(command), "objdump -d '%s' >/dev/null", path);
	double start_s = cpu_s(RUSAGE_CHILDREN);
	if (system(command) != 0) // NOLINT(cert-env33-c)
		return 0;
	return cpu_s(RUSAGE_CHILDREN) - start_s;
}

int main(int argc, char **argv)
{
	static char libc[] = "/lib/x86_64-linux-gnu/libc.so.6";
	static char *defaults[] = { libc };
	static struct corpus corpus;
	char **paths = argc > 1 ? argv + 1 : defaults;
	int path_count = argc > 1 ? argc - 1 : 1;
	double theirs_s = 0;
	for (int i = 0; i < path_count; i++) {
		char real[4096];
		size_t before_bytes = corpus.size_bytes;
		if (realpath(paths[i], real) == NULL ||
		    !code_files_visit(real, EM_X86_64, add_range, &corpus) ||
		    corpus.size_bytes == before_bytes) {
			fprintf(stderr, "%s: no x86-64 code, or too many sections\n", paths[i]);
			return 77;
		}
		theirs_s += objdump_s(real);
	}
	printf("disasm-code %zu bytes\n", corpus.size_bytes);
	double sweep_s = measure("disasm-sweep", &corpus, run_sweep);
	(void)measure("disasm-decode", &corpus, run_decoder);
	(void)measure("zydis-minimal", &corpus, run_zydis_minimal);
	(void)measure("zydis-full", &corpus, run_zydis_full);
	printf("objdump-d %.1f MB/s\n", (double)corpus.size_bytes / theirs_s / 1e6);
	printf("objdump-d-over-sweep %.1f times\n", theirs_s / sweep_s);
	forget(&corpus);
	if (code_files_visit("/usr/aarch64-linux-gnu/lib/libc.so.6", EM_AARCH64, add_range,
			     &corpus) &&
	    corpus.size_bytes > 0)
		(void)measure("disasm-aarch64-sweep", &corpus, run_aarch64_sweep);
	forget(&corpus);
	return 0;
}
