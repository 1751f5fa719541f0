/* How people read a value, the same in every format made for them. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "report/backend.h"
#include "report/clean.h"

static void append_share(struct buffer *buffer, uint64_t supported, uint64_t of)
{
	if (of == 0)
		buffer_append_string(buffer, "no data");
	else
		buffer_printf(buffer, "%.3f %% (%" PRIu64 " of %" PRIu64 ")",
			      100.0 * (double)supported / (double)of, supported, of);
}

static void append_list(struct buffer *buffer, const struct cell *cell)
{
	size_t shown = cell->list.shown < cell->list.count ? cell->list.shown : cell->list.count;
	for (size_t i = 0; i < shown; i++) {
		if (i > 0)
			buffer_append_string(buffer, ", ");
		clean_append(buffer, slice_of_string(cell->list.names[i]));
	}
	if (shown < cell->list.count)
		buffer_printf(buffer, "%s%zu more", shown == 0 ? "" : " and ",
			      cell->list.count - shown);
}

void cell_append(struct buffer *buffer, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NULL:
		return;
	case CELL_TEXT:
		clean_append(buffer, slice_of_string(cell->text));
		return;
	case CELL_INTEGER:
		buffer_printf(buffer, "%" PRId64, cell->integer);
		return;
	case CELL_BOOL:
		buffer_append_string(buffer, cell->truth ? "yes" : "no");
		return;
	case CELL_REAL:
		if (isfinite(cell->real.value))
			buffer_printf(buffer, "%.*f", cell->real.digits, cell->real.value);
		else
			buffer_append_string(buffer, "unknown");
		return;
	case CELL_SHARE:
		append_share(buffer, cell->share.supported, cell->share.of);
		return;
	case CELL_LIST:
		append_list(buffer, cell);
		return;
	}
	assert(false && "no such kind of cell");
}

void fact_append(struct buffer *buffer, const struct fact *fact)
{
	if (fact->cell.kind == CELL_NULL)
		buffer_append_string(buffer, "unknown");
	else if (fact->cell.kind == CELL_LIST && fact->cell.list.count == 0)
		buffer_append_string(buffer, "none");
	else
		cell_append(buffer, &fact->cell);
}

const char *column_null_text(const struct column *column)
{
	return column->kind == COLUMN_NUMBER || column->kind == COLUMN_SHARE ? "unknown" : "";
}
