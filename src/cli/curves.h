#pragma once

#include "cli/selection.h"
#include "metrics/completeness.h"
#include "metrics/needs.h"
#include "report/writer.h"

/* Completeness after the first k additions of an order of calls. */
struct curve {
	const char *key;
	const char *title;
	const size_t *order; /* calls that add nothing are not in it */
	size_t order_count;
	const struct completeness *points; /* order_count + 1 of them */
};

/* Fills the points of a curve with an order, and takes from that what is supported already. */
void curve_compute(struct facts *facts, const struct needs *needs, struct bitset supported,
		   struct curve *curve);

/* The same in the order of importance: most needed first. */
void curve_compute_by_need(struct facts *facts, const struct needs *needs, struct bitset supported,
			   struct curve *curve);

/* The curves in numbers: a table of some for people, whose rows are ROWS; all points in JSON. */
void curves_describe(struct facts *facts, const struct curve *curves, size_t count,
		     const char *rows, struct writer *writer);

/*
 * Their picture, when the result wants one: html has it inside; with --figures it is also written
 * to DIR/NAME.svg. Prints errors; without gnuplot an html page only lacks it.
 */
int curves_draw(struct facts *facts, const struct curve *curves, size_t count, const char *name,
		const char *title, struct writer *writer);

/* For option tables. */
#define CURVES_OPTION                                                                              \
	{                                                                                          \
		0, "figures", VALUE_DIRECTORY, "DIR", NULL,                                        \
		    "also write the figures to DIR, as SVG; it is made when missing"               \
	}
