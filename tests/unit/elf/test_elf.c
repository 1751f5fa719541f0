#include "../check.h"

#include <stdlib.h>

#include "base/file.h"
#include "elf/relocations.h"
#include "elf/unwind.h"

/* The test reads itself: what the linker made of this very program is the known answer. */
struct fixture {
	struct arena arena;
	struct problem_list problems;
	struct file_map map;
	struct elf_file file;
	struct elf_dynamic dynamic;
	struct elf_relocations relocations;
	struct elf_symbols symbols;
	struct error err;
};

/* One of the tests looks for it in the tables. */
__attribute__((noinline)) static enum status read_all(struct fixture *fixture, struct slice bytes)
{
	fixture->problems = (struct problem_list){ .arena = &fixture->arena };
	enum status status =
	    elf_file_open(bytes, "self", &fixture->problems, &fixture->file, &fixture->err);
	if (status == STATUS_OK)
		status = elf_dynamic_read(&fixture->file, &fixture->dynamic, &fixture->err);
	if (status == STATUS_OK)
		status = elf_relocations_read(&fixture->file, &fixture->dynamic,
					      &fixture->relocations, &fixture->err);
	if (status == STATUS_OK)
		status = elf_symbols_read(&fixture->file, &fixture->dynamic,
					  elf_relocations_max_symbol(&fixture->relocations),
					  &fixture->symbols, &fixture->err);
	return status;
}

static void open_self(struct fixture *fixture)
{
	*fixture = (struct fixture){ 0 };
	assert_int_equal(file_map_open("/proc/self/exe", UINT32_MAX, &fixture->map, &fixture->err),
			 STATUS_OK);
	assert_int_equal(read_all(fixture, fixture->map.content), STATUS_OK);
}

static void close_self(struct fixture *fixture)
{
	file_map_close(&fixture->map);
	arena_finish(&fixture->arena);
}

static const struct elf_symbol *find_symbol(const struct elf_symbols *symbols, const char *name)
{
	for (size_t i = 1; i < symbols->count; i++)
		if (strcmp(symbols->symbols[i].name, name) == 0)
			return &symbols->symbols[i];
	fail_msg("no symbol %s", name);
	abort();
}

static void reads_its_own_headers(void **state)
{
	(void)state;
	struct fixture fixture;
	open_self(&fixture);
	assert_int_equal(fixture.file.kind, ELF_PIE);
	assert_true(elf_is_code(&fixture.file, fixture.file.entry_va));
	assert_false(elf_is_writable(&fixture.file, fixture.file.entry_va));
	assert_non_null(strstr(fixture.file.interpreter, "ld-linux"));
	assert_string_equal(elf_section_at(&fixture.file, fixture.file.entry_va)->name, ".text");
	assert_int_equal(fixture.problems.count, 0);
	close_self(&fixture);
}

static void finds_imports_with_their_versions(void **state)
{
	(void)state;
	struct fixture fixture;
	open_self(&fixture);
	const struct elf_symbol *imported = find_symbol(&fixture.symbols, "__libc_start_main");
	assert_false(imported->defined);
	assert_string_equal(imported->version, "GLIBC_2.34");
	bool has_libc = false;
	for (size_t i = 0; i < fixture.dynamic.needed_count; i++)
		has_libc |= strcmp(fixture.dynamic.needed[i], "libc.so.6") == 0;
	assert_true(has_libc);
	close_self(&fixture);
}

static void covers_its_functions_with_unwind_ranges(void **state)
{
	(void)state;
	struct fixture fixture;
	open_self(&fixture);
	struct elf_unwind unwind;
	elf_unwind_read(&fixture.file, "self", &fixture.problems, &unwind);
	struct elf_symbols locals;
	assert_int_equal(elf_static_symbols_read(&fixture.file, &locals, &fixture.err), STATUS_OK);
	const struct elf_symbol *function = find_symbol(&locals, "read_all");
	bool covered = false;
	for (size_t i = 0; i < unwind.count; i++)
		covered |= unwind.fdes[i].start_va == function->va &&
			   unwind.fdes[i].end_va == function->va + function->size_bytes;
	assert_true(covered);
	close_self(&fixture);
}

static int (*volatile pointer_in_data)(void) = rand; /* needs a relocation by symbol */

static void normalises_relocations_in_order(void **state)
{
	(void)state;
	struct fixture fixture;
	open_self(&fixture);
	bool by_symbol = false;
	for (size_t i = 0; i < fixture.relocations.count; i++) {
		const struct elf_relocation *relocation = &fixture.relocations.relocations[i];
		if (i > 0)
			assert_true(relocation[-1].va <= relocation->va);
		assert_non_null(elf_segment_at(&fixture.file, relocation->va));
		if (relocation->kind == ELF_RELOCATION_SYMBOL)
			by_symbol |=
			    strcmp(fixture.symbols.symbols[relocation->symbol].name, "rand") == 0;
	}
	assert_true(by_symbol && pointer_in_data != NULL);
	assert_null(elf_relocation_at(&fixture.relocations, 1));
	close_self(&fixture);
}

/* Every cut and every flipped byte of the headers must give a result or an explained error. */
static void survives_cut_and_damaged_files(void **state)
{
	(void)state;
	struct fixture fixture;
	open_self(&fixture);
	size_t size_bytes = fixture.map.content.size_bytes;
	uint8_t *copy = malloc(size_bytes);
	for (size_t cut = 0; cut < size_bytes; cut += cut < 4096 ? 61 : size_bytes / 50) {
		memcpy(copy, fixture.map.content.bytes, size_bytes);
		struct fixture damaged = { 0 };
		if (read_all(&damaged, (struct slice){ copy, cut }) != STATUS_OK)
			assert_true(damaged.err.text[0] != '\0');
		arena_finish(&damaged.arena);
	}
	for (size_t i = 0; i < 4096 && i < size_bytes; i++) {
		memcpy(copy, fixture.map.content.bytes, size_bytes);
		copy[i] ^= 0xff;
		struct fixture damaged = { 0 };
		if (read_all(&damaged, (struct slice){ copy, size_bytes }) == STATUS_OK) {
			struct elf_unwind unwind;
			elf_unwind_read(&damaged.file, "self", &damaged.problems, &unwind);
		}
		arena_finish(&damaged.arena);
	}
	free(copy);
	close_self(&fixture);
}

RUN_TESTS(cmocka_unit_test(reads_its_own_headers),
	  cmocka_unit_test(finds_imports_with_their_versions),
	  cmocka_unit_test(covers_its_functions_with_unwind_ranges),
	  cmocka_unit_test(normalises_relocations_in_order),
	  cmocka_unit_test(survives_cut_and_damaged_files))
