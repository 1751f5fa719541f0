#pragma once

#include "explore/explore.h"
#include "facts/workload.h"
#include "report/writer.h"
#include "store/store.h"

/* The title of the source of every workload that sysgap explored itself. */
#define EXPLORED_SOURCE "sysgap explore"

/* An exploration between the store, the explorer and the writer. All strings in the arena. */
struct explored {
	struct arena *arena; /* borrowed */
	struct store *store; /* borrowed; NULL: nothing is kept */
	bool fresh;          /* trials in the store are not looked at */
	const struct definition *definition;
	const char *machine;  /* "Linux 6.18.44 x86_64, 2 CPUs" */
	const char *packages; /* "redis-server 5:7.0.15-1, …"; versions that are installed */
	const char *key;      /* of its trials in the store */
	struct error problem; /* of a lookup, which cannot fail; reported at the end */
};

/*
 * Fills machine, packages and key. Fails with STATUS_NOT_FOUND, and what to install, when a
 * package of the definition is not there.
 */
enum status explored_identify(struct explored *explored, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* The store as the explorer's memory. */
struct explore_memory explored_memory(struct explored *explored);

/* The verdicts, as all other commands know them. */
struct workload explored_workload(const struct explored *explored,
				  const struct explore_result *result);

/* Replaces what the store has of this workload. */
enum status explored_keep(struct explored *explored, const struct explore_result *result,
			  struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * Of a call or an operation. An answer that works in some replicas only is not one to rely on, nor
 * a failure.
 */
enum verdict explored_verdict(enum question_result stub, enum question_result fake);

/* "ioctl 0x5401", "/proc/self/maps". */
const char *explored_part_name(const struct question *question, struct arena *arena);

const char *explored_result_name(enum question_result result); /* "works" */

/* "ENOSYS", "0", "EPERM"; "hidden", "empty". */
const char *explored_answer_name(enum question_kind kind, uint16_t answer, struct arena *arena);

void explored_report(const struct explored *explored, const struct explore_request *request,
		     const struct explore_result *result, struct writer *writer);
