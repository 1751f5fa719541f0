/* Any bytes as a whole program: bounded, and never more than one error. */
#include "alone.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct module *module;
	struct error err = { 0 };
	struct image_source source = { .bytes = { bytes, size_bytes }, .input = "fuzz" };
	if (module_open(&source, &problems, &module, &err) == STATUS_OK) {
		struct program program;
		program_scan(module, &alone, &(struct program_extent){ TIER_ENVIRONMENT, true },
			     &problems, &program);
		for (size_t i = 0; i < program.use_count; i++) {
			const struct step *steps;
			check(program_chain(&program, &arena, &program.uses[i], &steps, NULL) > 0);
		}
		module_finish(module);
	} else {
		check(err.text[0] != '\0');
	}
	arena_finish(&arena);
	return 0;
}
