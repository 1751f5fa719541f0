#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made.h"
#include "package/image.h"

static const struct made_entry lower[] = {
	{ "usr/bin/a", "#!/bin/sh\n", NULL, 0755 },
	{ "usr/bin/b", "lower", NULL, 0 },
	{ "opt/x/one", "1", NULL, 0 },
	{ "opt/y/one", "1", NULL, 0 },
	{ "etc/file", "lower", NULL, 0 },
	{ 0 },
};
static const struct made_entry upper[] = {
	{ "usr/bin/b", "upper layer", NULL, 0 },
	{ "usr/bin/.wh.a", "", NULL, 0 },
	{ "opt/x/.wh..wh..opq", "", NULL, 0 },
	{ "opt/x/two", "2", NULL, 0 },
	{ "opt/.wh.y", "", NULL, 0 },
	{ 0 },
};
static const char merged[] = "other /usr/bin/b 11\nother /opt/x/two 1\nother /etc/file 5\n";

static void list_image(struct slice image, enum status expected, const char *lines)
{
	char path[] = "/tmp/test-image-XXXXXX";
	struct listing listing;
	int descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, image.bytes, image.size_bytes), image.size_bytes);
	close(descriptor);
	listing_init(&listing);
	enum status status = image_read(path, &listing.scratch, &listing.sink, &listing.err);
	unlink(path);
	if (status != expected)
		fail_msg("%s: %s", status_name(status), listing.err.text);
	assert_string_equal(buffer_string(&listing.lines), lines);
	listing_finish(&listing);
}

/* A tar header for a file, by hand: contents with NUL bytes. */
static void add_file(struct buffer *tar, const char *path, const void *bytes, size_t size_bytes)
{
	char header[512] = { 0 };
	unsigned sum = 0;
	snprintf(header, 100, "%s", path);
	snprintf(header + 100, 8, "0000644");
	snprintf(header + 124, 12, "%011zo", size_bytes);
	snprintf(header + 136, 12, "%011o", 0);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	buffer_append(tar, header, sizeof(header));
	buffer_append(tar, bytes, size_bytes);
	static const char zeros[512];
	buffer_append(tar, zeros, (512 - size_bytes % 512) % 512);
}

static void add_text(struct buffer *tar, const char *path, const char *text)
{
	add_file(tar, path, text, strlen(text));
}

static void end_tar(struct buffer *tar)
{
	static const char zeros[1024];
	buffer_append(tar, zeros, sizeof(zeros));
}

/* Entries' contents are strings, which a compressed tar is not: layers stay plain. */
static void add_layer(struct buffer *tar, const char *path, const struct made_entry *entries)
{
	struct buffer layer = { 0 };
	make_tar(&layer, entries, MADE_PLAIN);
	add_file(tar, path, layer.bytes, layer.size_bytes);
	buffer_finish(&layer);
}

static void list_and_finish(struct buffer *tar, enum status status, const char *expected)
{
	end_tar(tar);
	list_image(buffer_slice(tar), status, expected);
	buffer_finish(tar);
}

static void merges_layers_of_docker_save(void **state)
{
	struct buffer tar = { 0 };
	(void)state;
	add_text(&tar, "manifest.json", "[{\"Layers\": [\"1/layer.tar\", \"2/layer.tar\"]}]");
	add_layer(&tar, "2/layer.tar", upper);
	add_layer(&tar, "1/layer.tar", lower);
	list_and_finish(&tar, STATUS_OK, merged);
}

static void merges_layers_of_an_oci_layout(void **state)
{
	struct buffer tar = { 0 };
	(void)state;
	add_text(&tar, "index.json",
		 "{\"manifests\": [{\"digest\": \"sha256:m390\", \"platform\": "
		 "{\"architecture\": \"s390x\"}}, {\"digest\": \"sha256:m\", \"platform\": "
		 "{\"architecture\": \"amd64\"}}]}");
	add_text(&tar, "blobs/sha256/m",
		 "{\"layers\": [{\"digest\": \"sha256:l\"}, {\"digest\": \"sha256:u\"}]}");
	add_layer(&tar, "blobs/sha256/l", lower);
	add_layer(&tar, "blobs/sha256/u", upper);
	list_and_finish(&tar, STATUS_OK, merged);
}

static void refuses_digests_that_leave_the_layout(void **state)
{
	struct buffer tar = { 0 };
	(void)state;
	add_text(&tar, "index.json", "{\"manifests\": [{\"digest\": \"..:../../etc/passwd\"}]}");
	list_and_finish(&tar, STATUS_MALFORMED, "");
}

static void reads_a_root_file_system(void **state)
{
	struct buffer tar = { 0 };
	(void)state;
	make_tar(&tar, lower, MADE_GZIP);
	list_image(buffer_slice(&tar), STATUS_OK,
		   "script* /usr/bin/a 10\nother /usr/bin/b 5\nother /opt/x/one 1\n"
		   "other /opt/y/one 1\nother /etc/file 5\n");
	buffer_finish(&tar);
}

RUN_TESTS(cmocka_unit_test(merges_layers_of_docker_save),
	  cmocka_unit_test(merges_layers_of_an_oci_layout),
	  cmocka_unit_test(refuses_digests_that_leave_the_layout),
	  cmocka_unit_test(reads_a_root_file_system))
