#pragma once

#include "scan/module.h"

/*
 * Where the addresses in a module lead, within the module: to a function, a place in data, or a
 * word that ld.so fills. Found once for all the programs that load it.
 */

enum { LINK_NOWHERE = 1 }; /* not to code, though control would go there */

/* A link is the number of a function or a place; 0: not looked for yet. */
static inline bool link_is_place(uint32_t link)
{
	return (link & 1) != 0;
}

static inline uint32_t link_number(uint32_t link)
{
	return (link >> 1) - 1;
}

/* A place by its number. */
const struct place *links_place(const struct module *module, uint32_t number);

/* An address that code computes or a word holds. */
uint32_t links_of_address(struct module *module, uint64_t va);

/* An address that control goes to. */
uint32_t links_of_target(struct module *module, uint64_t va);

/* The fact of a call or a jump, or of a reference. */
uint32_t links_of_fact(struct module *module, struct fact *fact);

/*
 * The number of the relocation that fills the slot of a call or a jump; or of the first one at or
 * behind what is loaded. The relocations' count: there is none.
 */
size_t links_of_slot(struct module *module, struct fact *fact);

/* The address that a relative relocation puts into its word. */
uint32_t links_of_relocation(struct module *module, size_t relocation);
