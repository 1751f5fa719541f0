#pragma once

#include "scan/program.h"
#include "survey/model.h"
#include "survey/pool.h"
#include "survey/result.h"
#include "survey/shelf.h"

/*
 * What a program sees of files: those of a disk, by the rules of its ld.so, or those of packages,
 * where each sees its own and those it depends on. Each question that the analysis of a program
 * asks is noted with what the answer depends on: asked again later, they tell whether the result
 * still holds.
 */
struct lookup {
	const char *root; /* of the disk; NULL: files lie in the pool */
	const struct model *model;
	const struct pool *pool;
	struct shelf shelf;
	struct arena answer_arena;
	struct asked **asked; /* by question, open addressing */
	size_t asked_count, asked_capacity;
	/* of the package at hand, when files lie in the pool */
	uint32_t package;
	const uint32_t *closure;
	size_t closure_count;
	/* of the program at hand */
	uint64_t program;    /* counted */
	struct arena *arena; /* borrowed */
	struct program_files files;
	struct elf_search disk; /* how the disk is searched */
	struct question *questions;
	size_t question_count, question_capacity;
};

void lookup_init(struct lookup *lookup, const char *root, const struct model *model,
		 const struct pool *pool);
void lookup_finish(struct lookup *lookup);

/*
 * Opens a program, and how to find what it needs.
 *
 * arena        of the questions; borrowed until the next program
 * out_module   until the next program; likewise out_files
 */
enum status lookup_program(struct lookup *lookup, struct file_at at, struct arena *arena,
			   struct module **out_module, const struct program_files **out_files,
			   struct error *err) __attribute__((warn_unused_result, nonnull));

/* What a question of a program of the package is answered by now. */
uint64_t lookup_answer(struct lookup *lookup, uint32_t package, const struct question *question);
