/*
 * CPU time of reading packages – members, tar, classes, hashes of ELF files – against that of the
 * decompressor alone, in one process; and the least that an analysis of all code can cost: reading,
 * handing the files over, and a pass over their code that keeps nothing. Prints "name value unit"
 * lines; 77 without packages. With --each only "seconds packed-bytes path" of the decompressor, for
 * bench/survey.py.
 *
 * usage: bench_package [--each] [DEB…], or some of apt's cache
 */
#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <glob.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/file.h"
#include "disasm/sweep.h"
#include "elf/file.h"
#include "package/deb.h"
#include "survey/collect.h"

enum { PACKAGES = 44, LARGE_BYTES = 1 << 20 };

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* By libarchive, whose blocks are the decompressor's own. */
static uint64_t decompress_zstd(struct slice data)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *header;
	uint64_t total = 0;
	const void *block;
	size_t size_bytes;
	int64_t off;
	if (archive_read_support_filter_zstd(archive) == ARCHIVE_OK &&
	    archive_read_support_format_raw(archive) == ARCHIVE_OK &&
	    archive_read_open_memory(archive, data.bytes, data.size_bytes) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &header) == ARCHIVE_OK)
		while (archive_read_data_block(archive, &block, &size_bytes, &off) == ARCHIVE_OK)
			total += size_bytes;
	(void)archive_read_free(archive);
	return total;
}

static uint64_t decompress_xz(struct slice data)
{
	static uint8_t block[1 << 18];
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, UINT64_MAX, 0);
	stream.next_in = data.bytes;
	stream.avail_in = data.size_bytes;
	while (result == LZMA_OK) {
		stream.next_out = block;
		stream.avail_out = sizeof(block);
		result = lzma_code(&stream, LZMA_FINISH);
	}
	uint64_t total = result == LZMA_STREAM_END ? stream.total_out : 0;
	lzma_end(&stream);
	return total;
}

/* Unpacked bytes; 0: neither xz nor zstd. */
static uint64_t decompress(struct slice data)
{
	static const uint8_t zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	bool is_zstd = data.size_bytes > 4 && memcmp(data.bytes, zstd, sizeof(zstd)) == 0;
	return is_zstd ? decompress_zstd(data) : decompress_xz(data);
}

/* How long the decompressor takes for one package. */
static void measure_alone(const char *path)
{
	struct file_map map;
	struct deb deb;
	struct error err;
	if (file_map_open(path, ENTRY_MAX_TOTAL_BYTES, &map, &err) != STATUS_OK)
		return;
	if (deb_open(map.content, &deb, &err) == STATUS_OK && decompress(deb.data) > 0) {
		double start = now_s(); /* the second time: the page cache is warm */
		(void)decompress(deb.data);
		printf("%.6f %zu %s\n", now_s() - start, deb.data.size_bytes, path);
	}
	file_map_close(&map);
}

/* The events of a file's code; nothing is done with them. */
static uint64_t sweep_file(struct slice bytes)
{
	enum { EVENTS = 2048 };
	static struct sweep_event events[EVENTS];
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct elf_file file;
	struct error err;
	uint64_t total = 0;
	bool known = elf_file_open(bytes, "", &problems, &file, &err) == STATUS_OK &&
		     file.arch != ARCH_UNKNOWN;
	for (size_t i = 0; known && i < file.section_count; i++) {
		const struct elf_section *section = &file.sections[i];
		struct elf_range range = { section->va, section->size_bytes };
		struct sweep sweep;
		size_t count;
		if ((section->flags & SHF_EXECINSTR) == 0 || !elf_is_code(&file, section->va) ||
		    !sweep_init(&sweep, (enum arch)file.arch, elf_bytes_of(&file, range),
				section->va))
			continue;
		sweep.skips_numbers = file.kind != ELF_EXECUTABLE;
		while ((count = sweep_next(&sweep, events, EVENTS)) != 0)
			total += count;
	}
	arena_finish(&arena);
	return total;
}

/* Those that were handed over. */
static uint64_t sweep_files(struct slice record, const struct pool *pool)
{
	const struct read_package *packages;
	struct arena arena = { 0 };
	size_t count = 0;
	uint64_t total = 0;
	(void)record_decode(record, &arena, &packages, &count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < packages[i].file_count; k++) {
			const struct package_file *file = &packages[i].files[k];
			struct slice bytes;
			if (!pool_map(pool, file->pool_off, file->size_bytes, &bytes))
				continue;
			total += sweep_file(bytes);
			(void)munmap((void *)(uintptr_t)bytes.bytes, bytes.size_bytes);
		}
	arena_finish(&arena);
	return total;
}

struct sums {
	double raw_s, read_s, swept_s, worst;
	uint64_t unpacked_bytes, events;
	size_t count;
};

static void measure(const char *path, struct sums *sums)
{
	struct file_map map;
	struct deb deb;
	struct error err;
	struct pool pool = { .descriptor = -1 };
	struct buffer content = { 0 }, out = { 0 };
	if (file_map_open(path, ENTRY_MAX_TOTAL_BYTES, &map, &err) != STATUS_OK)
		return;
	if (deb_open(map.content, &deb, &err) == STATUS_OK) {
		const struct input input = { .kind = INPUT_DEB, .path = path };
		collect(&input, false, &pool, &content, &out); /* once before, for the page cache */
		buffer_clear(&out);
		double start = now_s();
		uint64_t bytes = decompress(deb.data);
		double raw = now_s() - start;
		start = now_s();
		collect(&input, false, &pool, &content, &out);
		double read = now_s() - start;
		buffer_clear(&out);
		start = now_s();
		if (pool_open(ENTRY_MAX_TOTAL_BYTES, &pool, &err) == STATUS_OK) {
			collect(&input, false, &pool, &content, &out);
			sums->events += sweep_files(buffer_slice(&out), &pool);
			pool_close(&pool);
		}
		double swept = now_s() - start;
		if (bytes > 0) {
			sums->raw_s += raw;
			sums->read_s += read;
			sums->swept_s += swept;
			sums->unpacked_bytes += bytes;
			sums->count++;
			if (deb.data.size_bytes > LARGE_BYTES && read / raw > sums->worst)
				sums->worst = read / raw;
		}
	}
	buffer_finish(&content);
	buffer_finish(&out);
	file_map_close(&map);
}

int main(int argc, char **argv)
{
	glob_t found = { 0 };
	struct sums sums = { 0 };
	size_t step = 1;
	if (argc > 1 && strcmp(argv[1], "--each") == 0) {
		for (int i = 2; i < argc; i++)
			measure_alone(argv[i]);
		return 0;
	}
	if (argc < 2 && glob("/var/cache/apt/archives/*.deb", 0, NULL, &found) != 0)
		return 77;
	size_t count = argc > 1 ? (size_t)argc - 1 : found.gl_pathc;
	step = argc > 1 || count < PACKAGES ? 1 : count / PACKAGES;
	for (size_t i = 0; i < count; i += step)
		measure(argc > 1 ? argv[i + 1] : found.gl_pathv[i], &sums);
	globfree(&found);
	if (sums.count == 0)
		return 77;
	printf("package_read_packages %zu packages\n", sums.count);
	printf("package_read_unpacked %.0f MB\n", (double)sums.unpacked_bytes / 1e6);
	printf("package_read_over_liblzma %.3f ratio\n", sums.read_s / sums.raw_s);
	printf("package_swept_over_liblzma %.3f ratio # %ju events\n", sums.swept_s / sums.raw_s,
	       (uintmax_t)sums.events);
	printf("package_read_over_liblzma_worst_of_large %.3f ratio\n", sums.worst);
	return 0;
}
