/*
 * The x86-64 decoder and sweep against Zydis, on all code below the given paths:
 *
 *   x86_64_lengths [-s SECONDS] [-v] PATH…
 *
 * Zydis leads; at each of its instructions ours must have the same length. Sweeping on its own,
 * ours must then find the same syscall, sysenter and int 0x80 instructions. Fails when more than
 * one length in ten million differs, or one site. -s: end after that many seconds of work.
 */
#include <Zydis/Zydis.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "code_files.h"
#include "disasm/sweep.h"
#include "disasm/x86_64_fields.h"

enum { EVENT_COUNT = 4096, SHOWN_LIMIT = 40, DIFFERENCES_PER = 10000000 };

struct check {
	ZydisDecoder decoder;
	double end_s;
	bool verbose;
	uint64_t bytes, instructions, different, refused, only_ours, only_ours_sites;
	uint64_t sites, missing_sites, added_sites, sections, knights_corner;
};

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void show(const struct code_range *range, size_t off, unsigned theirs, unsigned ours)
{
	printf("# %s %#llx: %u, not %u:", range->path, (unsigned long long)(range->va + off),
	       theirs, ours);
	for (size_t i = off; i < off + 15 && i < range->code.size_bytes; i++)
		printf(" %02x", range->code.bytes[i]);
	printf("\n");
}

static bool is_site(const ZydisDecodedInstruction *decoded, const uint8_t *bytes)
{
	return decoded->mnemonic == ZYDIS_MNEMONIC_SYSCALL ||
	       decoded->mnemonic == ZYDIS_MNEMONIC_SYSENTER ||
	       (decoded->mnemonic == ZYDIS_MNEMONIC_INT && bytes[decoded->length - 1] == 0x80);
}

/* Of a coprocessor that runs no other x86-64 code; between functions such bytes are data. */
static bool is_knights_corner(const ZydisDecodedInstruction *decoded)
{
	return decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNC ||
	       decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNCE ||
	       decoded->meta.isa_ext == ZYDIS_ISA_EXT_KNCV;
}

/* The next site that our sweep finds, or UINT64_MAX. */
struct site_stream {
	struct sweep sweep;
	struct sweep_event events[EVENT_COUNT];
	size_t count, next;
};

static uint64_t next_site(struct site_stream *stream)
{
	for (;;) {
		for (; stream->next < stream->count; stream->next++) {
			uint8_t kind = stream->events[stream->next].kind;
			if (kind == SWEEP_SYSCALL || kind == SWEEP_SYSENTER || kind == SWEEP_INT80)
				return stream->events[stream->next++].va;
		}
		stream->count = sweep_next(&stream->sweep, stream->events, EVENT_COUNT);
		stream->next = 0;
		if (stream->count == 0)
			return UINT64_MAX;
	}
}

static void compare_length(struct check *check, const struct code_range *range, size_t off,
			   unsigned theirs)
{
	struct x86_fields fields;
	unsigned ours = 0;
	if (x86_fields_decode(range->code.bytes + off, range->code.size_bytes - off, &fields))
		ours = fields.length_bytes;
	if (ours == theirs)
		return;
	uint64_t *count = theirs == 0 ? &check->only_ours
			  : ours == 0 ? &check->refused
				      : &check->different;
	if (++*count <= SHOWN_LIMIT && (check->verbose || theirs != 0))
		show(range, off, theirs, ours);
}

static bool check_range(const struct code_range *range, void *context)
{
	static struct site_stream stream;
	struct check *check = context;
	stream = (struct site_stream){ 0 };
	if (!sweep_init(&stream.sweep, ARCH_X86_64, range->code, range->va))
		return false;
	uint64_t our_site = next_site(&stream);
	for (size_t off = 0; off < range->code.size_bytes;) {
		const uint8_t *bytes = range->code.bytes + off;
		ZydisDecodedInstruction decoded;
		ZydisDecoderContext zydis_context;
		bool good = ZYAN_SUCCESS(
		    ZydisDecoderDecodeInstruction(&check->decoder, &zydis_context, bytes,
						  range->code.size_bytes - off, &decoded));
		if (good && is_knights_corner(&decoded)) {
			check->knights_corner++;
			good = false;
		}
		compare_length(check, range, off, good ? decoded.length : 0);
		check->instructions += good;
		for (; our_site < range->va + off; our_site = next_site(&stream)) {
			check->added_sites++;
			show(range, our_site - range->va, 0, 2);
		}
		if (good && is_site(&decoded, bytes)) {
			check->sites++;
			if (our_site == range->va + off) {
				our_site = next_site(&stream);
			} else {
				check->missing_sites++;
				show(range, off, 2, 0);
			}
		}
		off += good ? decoded.length : 1;
	}
	check->added_sites += our_site != UINT64_MAX;
	check->bytes += range->code.size_bytes;
	check->sections++;
	return now_s() < check->end_s;
}

int main(int argc, char **argv)
{
	struct check check = { .end_s = 1e9 };
	int option;
	while ((option = getopt(argc, argv, "s:v")) != -1) {
		if (option == 's')
			check.end_s = strtod(optarg, NULL);
		else
			check.verbose = true;
	}
	(void)ZydisDecoderInit(&check.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	/* only lengths are asked for: without the checks and operands of the full mode */
	for (int i = optind; i < argc; i++)
		if (!code_files_visit(argv[i], EM_X86_64, check_range, &check))
			break;
	printf("oracle-code-sections %llu count\n", (unsigned long long)check.sections);
	printf("oracle-code-bytes %llu bytes\n", (unsigned long long)check.bytes);
	printf("oracle-instructions %llu count\n", (unsigned long long)check.instructions);
	printf("oracle-knights-corner %llu count\n", (unsigned long long)check.knights_corner);
	printf("oracle-lengths-different %llu count\n", (unsigned long long)check.different);
	printf("oracle-refused-by-us %llu count\n", (unsigned long long)check.refused);
	printf("oracle-refused-by-zydis-only %llu count\n", (unsigned long long)check.only_ours);
	printf("oracle-syscall-sites %llu count\n", (unsigned long long)check.sites);
	printf("oracle-syscall-sites-missed %llu count\n", (unsigned long long)check.missing_sites);
	printf("oracle-syscall-sites-added %llu count\n", (unsigned long long)check.added_sites);
	bool lengths_agree =
	    (check.different + check.refused) * DIFFERENCES_PER <= check.instructions;
	bool sites_agree = check.missing_sites == 0 && check.added_sites == 0;
	return check.instructions > 0 && lengths_agree && sites_agree ? 0 : 1;
}
