#pragma once

#include "scan/closure.h"

/*
 * Addresses that something live computed or holds: code there may be called, in ways that are not
 * followed, and data be read, with all that its object points to.
 *
 * parent, parent_va   who holds it, and where; NULL: it is found by its name
 */
void mention_address(struct closure *closure, size_t module, uint32_t link,
		     const struct node *parent, uint64_t parent_va);

/* The words that a load takes. */
void mention_words(struct closure *closure, const struct node *node, const struct fact *fact);

/* What was held and nothing called (models.h), and has been asked for since. */
void mention_unbar(struct closure *closure);
