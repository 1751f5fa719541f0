/* The main table alone, for pipelines: with a header and tabs, or only its first column. */
#include <assert.h>
#include <math.h>

#include "report/backend.h"
#include "report/clean.h"

/* Like people read it, except where a program has to take it apart. */
static void append_cell(struct buffer *out, const struct cell *cell)
{
	if (cell->kind == CELL_SHARE) {
		if (cell->share.of > 0)
			buffer_printf(out, "%.3f",
				      100.0 * (double)cell->share.supported /
					  (double)cell->share.of);
	} else if (cell->kind == CELL_LIST) {
		for (size_t i = 0; i < cell->list.count; i++) {
			buffer_append_string(out, i == 0 ? "" : ",");
			clean_append(out, slice_of_string(cell->list.names[i]));
		}
	} else if (cell->kind != CELL_REAL || isfinite(cell->real.value)) {
		cell_append(out, cell);
	}
}

static void append_row(struct buffer *out, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_append_string(out, i == 0 ? "" : "\t");
		append_cell(out, &cells[i]);
	}
	buffer_append_string(out, "\n");
}

static void tsv_table(struct writer *writer, const struct table *table)
{
	if (!table->main)
		return;
	for (size_t i = 0; i < table->column_count; i++)
		buffer_printf(&writer->out, "%s%s", i == 0 ? "" : "\t", table->columns[i].key);
	buffer_append_string(&writer->out, "\n");
	for (size_t i = 0; i < table->row_count; i++)
		append_row(&writer->out, &table->cells[i * table->column_count],
			   table->column_count);
}

static void names_table(struct writer *writer, const struct table *table)
{
	if (!table->main)
		return;
	for (size_t i = 0; i < table->row_count; i++)
		append_row(&writer->out, &table->cells[i * table->column_count], 1);
}

const struct backend tsv_backend = { .table = tsv_table };
const struct backend names_backend = { .table = names_table };
