/*
 * CPU time of reading packages – members, tar, classes, hashes of ELF files – against that of the
 * decompressor alone, in one process. Prints "name value unit" lines; 77 without packages.
 *
 * usage: bench_package [DEB…], or some of apt's cache
 */
#include <glob.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "package/deb.h"
#include "survey/collect.h"

enum { PACKAGES = 44, LARGE_BYTES = 1 << 20 };

static double now_s(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Unpacked bytes; 0: not xz. */
static uint64_t decompress(struct slice data)
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

struct sums {
	double raw_s, read_s, worst;
	uint64_t unpacked_bytes;
	size_t count;
};

static void measure(const char *path, struct sums *sums)
{
	struct file_map map;
	struct deb deb;
	struct error err;
	struct pool pool = { .descriptor = -1 };
	struct buffer out = { 0 };
	if (file_map_open(path, ENTRY_MAX_TOTAL_BYTES, &map, &err) != STATUS_OK)
		return;
	if (deb_open(map.content, &deb, &err) == STATUS_OK) {
		const struct input input = { .kind = INPUT_DEB, .path = path };
		collect(&input, false, &pool, &out); /* once before, for the page cache */
		buffer_clear(&out);
		double start = now_s();
		uint64_t bytes = decompress(deb.data);
		double raw = now_s() - start;
		start = now_s();
		collect(&input, false, &pool, &out);
		double read = now_s() - start;
		if (bytes > 0) {
			sums->raw_s += raw;
			sums->read_s += read;
			sums->unpacked_bytes += bytes;
			sums->count++;
			if (deb.data.size_bytes > LARGE_BYTES && read / raw > sums->worst)
				sums->worst = read / raw;
		}
	}
	buffer_finish(&out);
	file_map_close(&map);
}

int main(int argc, char **argv)
{
	glob_t found = { 0 };
	struct sums sums = { 0 };
	size_t step = 1;
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
	printf("package_read_over_liblzma_worst_of_large %.3f ratio\n", sums.worst);
	return 0;
}
