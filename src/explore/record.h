#pragma once

#include "explore/machine.h"
#include "explore/observation.h"

/*
 * What the tracer has seen so far: what observer.bpf.c keeps in the kernel, with the same limits
 * and the same losses.
 */
struct record; /* opaque */

struct record *record_create(void);
void record_destroy(struct record *record); /* accepts NULL */

/* The tally of a program; `otherwise`, and a loss, when there are too many. */
uint32_t record_program(struct record *record, const char *path, uint32_t otherwise);

/* A call on its way to the kernel, with its operation. */
void record_call(struct record *record, uint32_t tally, const struct machine_call *call);

/* A call that a rule answered. */
void record_skip(struct record *record, uint32_t tally, uint32_t number);

/* A path of a call; NULL when it is none of a pseudo-file, else as observation_normal_path has it. */
const char *record_path(struct record *record, const char *path, struct arena *arena);

void record_death(struct record *record, uint32_t tally, int signal);
void record_loss(struct record *record, enum observer_loss loss);

/* Everything; the record stays. */
struct observation record_read(struct record *record, struct arena *arena);
