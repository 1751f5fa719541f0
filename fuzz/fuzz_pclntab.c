/* Any bytes as Go's .gopclntab. */
#include <string.h>

#include "check.h"
#include "elf/golang.h"
#include "sections.h"

enum { SIZE_LIMIT_BYTES = 1 << 16 };

/* In the table, and terminated there; or none. */
static void check_name(const char *name, const uint8_t *bytes, size_t size_bytes)
{
	uintptr_t off = (uintptr_t)name - (uintptr_t)bytes;
	if (off < size_bytes)
		check(memchr(name, '\0', size_bytes - off) != NULL);
	else
		check(name[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct fuzz_sections sections;
	struct golang_table table;
	if (size_bytes == 0 || size_bytes > SIZE_LIMIT_BYTES)
		return 0;
	fuzz_sections_init(&sections, ".gopclntab", bytes, size_bytes);
	struct problem_list problems = { .arena = &sections.arena };
	golang_read(&sections.file, "fuzz", &problems, &table);
	check(table.count <= size_bytes / 8);
	check(table.count == 0 || table.version != 0);
	for (size_t i = 0; i < table.count; i++) {
		const struct golang_function *function = &table.functions[i];
		check(function->start_va < function->end_va);
		check(elf_is_code(&sections.file, function->start_va));
		check_name(function->name, bytes, size_bytes);
	}
	arena_finish(&sections.arena);
	return 0;
}
