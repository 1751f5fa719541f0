/*
 * Loupe's CSV. Invariants: at least one call, each with a row of its own; numbers ascend; an error
 * has a text, and its place is in the input.
 */
#include <assert.h>
#include <stdint.h>

#include "check.h"
#include "workload/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct loupe_csv csv;
	struct error err;
	if (loupe_csv_parse((struct slice){ bytes, size_bytes }, "input", &arena, &problems, &csv,
			    &err) == STATUS_OK) {
		assert(csv.use_count > 0 && csv.use_count <= csv.row_count);
		for (size_t i = 0; i < csv.use_count; i++) {
			assert(csv.uses[i].number <= LOUPE_MAX_NUMBER);
			assert(csv.uses[i].verdict < VERDICT_COUNT);
			assert(i == 0 || csv.uses[i - 1].number < csv.uses[i].number);
		}
	} else {
		assert(err.status == STATUS_MALFORMED && err.text[0] != '\0');
		assert(err.input_off == ERROR_NO_OFF || err.input_off < size_bytes);
	}
	arena_finish(&arena);
	return 0;
}
