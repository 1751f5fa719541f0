#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Completeness curves as SVG, drawn by gnuplot(1): in percent, after the first k additions of an
 * order, as stairs.
 */
struct figure_series {
	const char *title;
	const double *percent; /* count of them; point k is after k additions */
	size_t count;
};

struct figure {
	const char *title;
	const char *x_title;
	const char *y_title;
	const struct figure_series *series;
	size_t series_count; /* at most FIGURE_MAX_SERIES */
};

enum { FIGURE_MAX_SERIES = 32, FIGURE_MAX_POINTS = 4096, FIGURE_MAX_BYTES = 16 << 20 };

/*
 * The same figure gives the same bytes with the same gnuplot.
 *
 * out_svg     appended to, only on STATUS_OK
 * returns     STATUS_NOT_FOUND: no gnuplot; STATUS_IO: it failed; STATUS_LIMIT
 */
enum status figure_draw(const struct figure *figure, struct buffer *out_svg, struct error *err)
    __attribute__((warn_unused_result, nonnull));
