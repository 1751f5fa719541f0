#pragma once

#include "scan/module.h"

/*
 * Where the addresses in a module lead, within the module: to a function, a place in data, or a
 * word that ld.so fills. The image's tables know it of most.
 */

/* A place by its number: where it lies, and what is there. */
struct image_place links_place_at(const struct module *module, uint32_t number);
const struct place *links_place(struct module *module, uint32_t number);

/* An address that code computes or a word holds. */
uint32_t links_of_address(struct module *module, uint64_t va);

/* An address that control goes to. */
uint32_t links_of_target(struct module *module, uint64_t va);

/* The fact of a call or a jump, or of a reference. */
uint32_t links_of_fact(struct module *module, const struct fact *fact);

/* The address that a relative relocation puts into its word. */
uint32_t links_of_relocation(struct module *module, size_t relocation);
