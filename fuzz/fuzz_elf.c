/* Any bytes as an ELF file, through every reader of the folder. */
#include "check.h"
#include "elf/golang.h"
#include "elf/relocations.h"
#include "elf/unwind.h"

static void check_segments(const struct elf_file *file)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];
		check(segment->file_bytes <= segment->memory_bytes);
		check(segment->file_off + segment->file_bytes <= file->bytes.size_bytes);
		check(elf_segment_at(file, segment->va) == segment);
		check(elf_segment_at(file, segment->va + segment->memory_bytes - 1) == segment);
		check(elf_bytes_from(file, segment->va).size_bytes == segment->file_bytes);
	}
}

static void check_unwind(const struct elf_file *file, struct problem_list *problems)
{
	struct elf_unwind unwind;
	elf_unwind_read(file, "fuzz", problems, &unwind);
	for (size_t i = 0; i < unwind.count; i++) {
		uint64_t pads[8];
		check(unwind.fdes[i].start_va < unwind.fdes[i].end_va);
		check(i == 0 || unwind.fdes[i - 1].start_va <= unwind.fdes[i].start_va);
		(void)elf_landing_pads(file, &unwind.fdes[i], pads, 8);
	}
	struct golang_table table;
	golang_read(file, "fuzz", problems, &table);
	for (size_t i = 0; i < table.count; i++)
		check(table.functions[i].start_va < table.functions[i].end_va);
}

static void read_rest(const struct elf_file *file, struct error *err)
{
	struct elf_dynamic dynamic;
	struct elf_relocations relocations;
	struct elf_symbols symbols;
	if (elf_dynamic_read(file, &dynamic, err) != STATUS_OK ||
	    elf_relocations_read(file, &dynamic, &relocations, err) != STATUS_OK)
		return;
	for (size_t i = 1; i < relocations.count; i++)
		check(relocations.relocations[i - 1].va <= relocations.relocations[i].va);
	size_t max_symbol = elf_relocations_max_symbol(&relocations);
	if (elf_symbols_read(file, &dynamic, max_symbol, &symbols, err) != STATUS_OK)
		return;
	check(symbols.count == 0 || symbols.count > max_symbol);
	if (elf_static_symbols_read(file, &symbols, err) != STATUS_OK)
		check(err->text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct elf_file file;
	struct error err = { 0 };
	if (elf_file_open((struct slice){ bytes, size_bytes }, "fuzz", &problems, &file, &err) ==
	    STATUS_OK) {
		check_segments(&file);
		check_unwind(&file, &problems);
		read_rest(&file, &err);
	} else {
		check(err.text[0] != '\0');
	}
	arena_finish(&arena);
	return 0;
}
