#pragma once

#include "layer/read.h"
#include "syscalls/table.h"

/*
 * A layer in the making: what all readers fill. Calls are kept by number, so that the result is
 * sorted and free of duplicates whatever the order of the input.
 */
struct layer_builder {
	struct arena *arena;
	struct problem_list *problems;
	const char *input;
	struct layer layer; /* all but its entries */
	struct {
		bool known;
		uint64_t line; /* where it stood */
		enum layer_level level;
		const char *note;
	} calls[SYSCALL_NUMBER_LIMIT];
	size_t call_count;
};

/* Adds a call by name, or reports why not. note: empty for none. */
void layer_builder_add(struct layer_builder *builder, uint64_t line, struct slice name,
		       enum layer_level level, struct slice note);

/* The same by number. */
void layer_builder_add_number(struct layer_builder *builder, uint64_t line, uint64_t number,
			      enum layer_level level, struct slice note);

/* Sets one of the shipped form's keys; false when there is no such key. */
bool layer_builder_set(struct layer_builder *builder, uint64_t line, struct slice key,
		       struct slice value);

/*
 * A level as people write it: our names, yes/no, true/false, implemented, supported, stub…
 * returns false for anything else
 */
bool layer_level_parse(struct slice text, enum layer_level *out_level);

/* Readers, one per form. The content is text: no NUL bytes. */
enum status layer_read_lines(struct slice content, struct layer_builder *builder);
enum status layer_read_c_table(struct slice content, struct layer_builder *builder);
enum status layer_read_csv(struct slice content, struct layer_builder *builder, struct error *err);
enum status layer_read_json(struct slice content, struct layer_builder *builder, struct error *err);

/* The line with the comment cut off and white space trimmed. */
struct slice layer_strip_comment(struct slice line);

/* Is this first line one of a CSV: does it name a column with syscalls, or a call and its level? */
bool layer_is_csv(struct slice line);
