/* Any bytes as a result of popularity-contest. */
#include <string.h>

#include "check.h"
#include "package/popcon.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	for (int total = POPCON_SUBMISSIONS; total <= POPCON_SUM; total++) {
		struct arena arena = { 0 };
		struct problem_list problems = { .arena = &arena };
		struct popularity popularity;
		struct error err = { 0 };
		if (popcon_parse((struct slice){ bytes, size_bytes }, "fuzz",
				 (enum popcon_total)total, &problems, &popularity,
				 &err) == STATUS_OK) {
			check(popularity.count > 0 && popularity.submissions > 0);
			for (size_t i = 0; i < popularity.count; i++) {
				const struct popularity_entry *entry = &popularity.entries[i];
				check(i == 0 || strcmp(entry[-1].name, entry->name) < 0);
				double share = popularity_of(&popularity, entry->name);
				check(share >= 0 && share <= 1);
			}
		} else {
			check(err.text[0] != '\0');
		}
		arena_finish(&arena);
	}
	return 0;
}
