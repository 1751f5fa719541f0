#include "base/file.h"
#include "folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/schema.h"

static void write_file(const char *path, const char *bytes, size_t size_bytes)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size_bytes, file), size_bytes);
	assert_int_equal(fclose(file), 0);
}

/* Overwrites bytes of the store's header: sqlite.org/fileformat2.html, 1.3. */
static void patch(const char *path, long off, const char *bytes, size_t size_bytes)
{
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, off, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, size_bytes, file), size_bytes);
	assert_int_equal(fclose(file), 0);
}

static void assert_refused(struct folder *folder, enum store_access access, enum status status,
			   const char *text)
{
	struct store *store = NULL;
	assert_int_equal(store_open(folder->db, access, &store, &folder->err), status);
	assert_string_equal(folder->err.text, text);
	assert_null(store);
}

static size_t entry_count(const char *path)
{
	char command[256];
	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", path);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	char line[32];
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
	return strtoul(line, NULL, 10);
}

static void reading_creates_nothing(void **state)
{
	struct folder *folder = *state;
	assert_refused(folder, STORE_READ, STATUS_NOT_FOUND, "no such file");
	assert_int_equal(entry_count(folder->path), 0);
	store_close(folder_open(folder, STORE_WRITE));
	assert_int_equal(entry_count(folder->path), 1);
	struct store *store = folder_open(folder, STORE_READ);
	assert_int_equal(store_check(store, &folder->err), STATUS_OK);
	store_close(store);
	assert_int_equal(entry_count(folder->path), 1);
}

static void an_empty_file_holds_nothing_yet(void **state)
{
	struct folder *folder = *state;
	write_file(folder->db, "", 0);
	assert_refused(folder, STORE_READ, STATUS_NOT_FOUND, "holds nothing yet");
	store_close(folder_open(folder, STORE_WRITE));
	store_close(folder_open(folder, STORE_READ));
}

static void refuses_what_is_no_store(void **state)
{
	struct folder *folder = *state;
	char garbage[4096];
	memset(garbage, 'x', sizeof(garbage));
	write_file(folder->db, garbage, sizeof(garbage));
	assert_refused(folder, STORE_READ, STATUS_MALFORMED, "file is not a database");
	assert_refused(folder, STORE_WRITE, STATUS_MALFORMED, "file is not a database");
	assert_int_equal(unlink(folder->db), 0);
	assert_int_equal(mkdir(folder->db, 0755), 0);
	assert_refused(folder, STORE_READ, STATUS_IO, "is a directory");
	assert_int_equal(rmdir(folder->db), 0);
	assert_int_equal(mkfifo(folder->db, 0644), 0);
	assert_refused(folder, STORE_WRITE, STATUS_IO, "not a regular file");
}

static void refuses_other_programs_and_newer_schemas(void **state)
{
	struct folder *folder = *state;
	store_close(folder_open(folder, STORE_WRITE));
	patch(folder->db, 60, "\0\0\0\x63", 4); /* user_version */
	const char *text = arena_printf(
	    &folder->arena, "written by a newer sysgap: schema 99, this program knows %d",
	    store_migration_count);
	assert_refused(folder, STORE_READ, STATUS_UNSUPPORTED, text);
	assert_refused(folder, STORE_WRITE, STATUS_UNSUPPORTED, text);
	patch(folder->db, 68, "GPKG", 4); /* application_id */
	assert_refused(folder, STORE_WRITE, STATUS_UNSUPPORTED,
		       "a database of another program, not a sysgap store");
}

static void follows_the_xdg_specification(void **state)
{
	struct folder *folder = *state;
	assert_int_equal(setenv("HOME", "/home/a", 1), 0);
	assert_int_equal(setenv("XDG_DATA_HOME", "/data", 1), 0);
	assert_string_equal(store_default_path(&folder->arena), "/data/sysgap/sysgap.db");
	assert_int_equal(setenv("XDG_DATA_HOME", "relative", 1), 0);
	assert_string_equal(store_default_path(&folder->arena),
			    "/home/a/.local/share/sysgap/sysgap.db");
	assert_int_equal(unsetenv("HOME"), 0);
	assert_null(store_default_path(&folder->arena));
}

static void makes_the_folders_above_a_path(void **state)
{
	struct folder *folder = *state;
	folder->db = arena_printf(&folder->arena, "%s/x/y/z.db", folder->path);
	assert_int_equal(file_make_folders(folder->db, 0777, &folder->err), STATUS_OK);
	assert_int_equal(file_make_folders(folder->db, 0777, &folder->err), STATUS_OK);
	store_close(folder_open(folder, STORE_WRITE));
}

RUN_TESTS(TEST(reading_creates_nothing), TEST(an_empty_file_holds_nothing_yet),
	  TEST(refuses_what_is_no_store), TEST(refuses_other_programs_and_newer_schemas),
	  TEST(follows_the_xdg_specification), TEST(makes_the_folders_above_a_path))
