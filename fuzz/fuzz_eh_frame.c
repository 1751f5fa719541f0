/* Any bytes as .eh_frame, whose exception tables are among the same bytes. */
#include "check.h"
#include "elf/unwind.h"
#include "sections.h"

enum { SIZE_LIMIT_BYTES = 1 << 16, PAD_LIMIT = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct fuzz_sections sections;
	struct elf_unwind unwind;
	if (size_bytes == 0 || size_bytes > SIZE_LIMIT_BYTES)
		return 0;
	fuzz_sections_init(&sections, ".eh_frame", bytes, size_bytes);
	struct problem_list problems = { .arena = &sections.arena };
	elf_unwind_read(&sections.file, "fuzz", &problems, &unwind);
	/* a record is at least its length, its CIE's offset and two pointers of 2 bytes */
	check(unwind.count <= size_bytes / 10);
	for (size_t i = 0; i < unwind.count; i++) {
		uint64_t pads[PAD_LIMIT];
		check(unwind.fdes[i].start_va < unwind.fdes[i].end_va);
		check(i == 0 || unwind.fdes[i - 1].start_va <= unwind.fdes[i].start_va);
		size_t few = elf_landing_pads(&sections.file, &unwind.fdes[i], pads, 1);
		check(elf_landing_pads(&sections.file, &unwind.fdes[i], pads, PAD_LIMIT) == few);
		check(few <= size_bytes);
	}
	arena_finish(&sections.arena);
	return 0;
}
