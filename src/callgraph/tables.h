#pragma once

#include "callgraph/image.h"

/* What one pass over all code of a file finds; internal to callgraph/. */

/* Fills the tables of an image whose headers are read. False: events have no room for its links. */
bool tables_find(struct image *image);
