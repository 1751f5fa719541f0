/* The figure alone. */
#include "report/backend.h"

static void svg_figure(struct writer *writer, const struct fact *path, struct slice svg)
{
	(void)path;
	buffer_append(&writer->out, svg.bytes, svg.size_bytes);
}

const struct backend svg_backend = { .figure = svg_figure };
