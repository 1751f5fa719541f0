#pragma once

#include "layer/read.h"

/* The layers that come with sysgap, by name and then by version: dated lists, then releases; oldest first. */
struct layer_catalog {
	const struct layer *layers; /* in the arena */
	size_t layer_count;
};

struct layer_catalog layer_catalog_load(struct arena *arena);

/* "gramine-1.8"; just the name when the layer has no version. In the arena. */
const char *layer_key(struct arena *arena, const struct layer *layer);

/*
 * A layer by what a user typed: "gramine-1.8", "gramine" (its newest release, else its newest
 * dated list), in any case; or the path of a file, when there is no such layer.
 *
 * extra       layers besides the shipped ones (of the store), which come first; may be NULL
 * problems    as for layer_read
 * arch        which one, when a layer is there for several architectures; of a file that does
 *             not say
 * returns     STATUS_NOT_FOUND with the nearest names; what layer_read_file returns for a file
 */
enum status layer_load(const char *name_or_path, enum arch arch, const struct layer_catalog *extra,
		       struct problem_list *problems, struct layer *out_layer, struct error *err)
    __attribute__((warn_unused_result));
