#pragma once

#include "callgraph/image.h"

/* What one pass over all code of a file finds; internal to callgraph/. */

/* Fills the tables of an image whose headers are read, and the set of its entries. */
void tables_find(struct image *image);
