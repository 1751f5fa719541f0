#pragma once

#include "callgraph/image.h"

/* What one pass over all code of a file finds; internal to callgraph/. */

/* Fills the tables of an image whose headers are read, and the set of its entries. */
void tables_find(struct image *image);

/* Whether tables that were kept can be this file's: whatever they lead to is there. */
bool tables_are_of(const struct image *image, const struct image_tables *tables);
