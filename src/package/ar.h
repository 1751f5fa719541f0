#pragma once

#include "base/error.h"
#include "base/slice.h"

enum { AR_NAME_BYTES = 17 };

struct ar_member {
	char name[AR_NAME_BYTES]; /* without the "/" and spaces behind it */
	struct slice content;     /* inside the archive */
};

/* Checks the magic and moves *off to the first member. Source: deb(5), "FORMAT". */
enum status ar_open(struct slice archive, size_t *out_off, struct error *err)
    __attribute__((warn_unused_result));

/* The member at *off, which then moves on; STATUS_NOT_FOUND at the end of the archive. */
enum status ar_next(struct slice archive, size_t *off, struct ar_member *out_member,
		    struct error *err) __attribute__((warn_unused_result));
