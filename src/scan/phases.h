#pragma once

#include "scan/closure.h"

/*
 * When the functions of a finished closure can run: before main, from main on, when the program
 * ends. What is not known to run only before main counts as run from main on.
 */

/*
 * In which phase a function runs whose address is taken: in general that is PHASE_RUN.
 *
 * parent   who takes it, with the instruction at parent_va; NULL: it is found by its name
 */
enum phase phases_of_pointer(struct closure *closure, size_t module, uint64_t va,
			     const struct node *parent, uint64_t parent_va);

/* Whether a file's tables of initialisers are known by their sections alone. */
bool phases_has_sections(const struct image *image);

/*
 * Whether a word is in a table of initialisers, or of what ends a file, that is loaded with the
 * program. They are entered from the beginning; who reads the table runs them in their phase.
 */
bool phases_is_array(const struct closure *closure, size_t module, uint64_t va);

/*
 * Sets the phase of each use and unresolved site.
 *
 * returns   false: where main is called is not known; then all are PHASE_RUN
 */
bool phases_find(struct closure *closure);
