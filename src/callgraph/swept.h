#pragma once

#include "callgraph/function.h"

/*
 * What a function does as the one pass over all code has found it, without values: more than a run
 * from its entry on can do.
 */
struct swept {
	uint32_t first_event;
	uint32_t fact_count;         /* that it may have */
	uint32_t start_off, end_off; /* of its code, from the image's base; 0: a table bounds it */
	bool runs_over;              /* control may run on behind it */
	bool has_syscall;
};

/* The function around an entry, whether a table bounds it or not. */
struct swept swept_around(const struct image *image, uint64_t va);

/*
 * A fact of a function, by its index:
 *
 *   for (size_t i = 0; i < swept.fact_count; i++)
 *           if ((fact = swept_fact(image, &swept, i, &own)) != NULL)
 *
 * own       memory for it
 * returns   NULL: what the index stands for is none
 */
const struct fact *swept_fact(const struct image *image, const struct swept *swept, size_t index,
			      struct fact *own);

/* An entry of a PLT: one FDE covers them all, so that they would be taken for one function. */
bool swept_is_stub(const struct image *image, uint64_t va);

/* All facts of a function; what facts_next returns may not outlive the next call. */
struct facts {
	const struct image *image;
	const struct function *function; /* NULL: its values are not followed: */
	struct swept swept;
	size_t next;
	struct fact own;
};

/* NULL: there is none any more. */
static inline const struct fact *facts_next(struct facts *facts)
{
	const struct fact *fact = NULL;
	if (facts->function != NULL)
		return facts->next == facts->function->fact_count
			   ? NULL
			   : &facts->function->facts[facts->next++];
	while (fact == NULL && facts->next < facts->swept.fact_count)
		fact = swept_fact(facts->image, &facts->swept, facts->next++, &facts->own);
	return fact;
}
