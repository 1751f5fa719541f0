/*
 * Loupe's dyn.csv -> workload uses. Source: `loupe` and its database, github.com/unikraft/loupedb
 * commit a076cf9. Invariant of the result: numbers ascend, each once.
 */
#include "workload/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column {
	COLUMN_SYSCALL,
	COLUMN_USED,
	COLUMN_FAKED,
	COLUMN_STUBBED,
	COLUMN_BOTH,
	COLUMN_KINDS
};

static const char *const headings[COLUMN_KINDS] = {
	[COLUMN_SYSCALL] = "syscall",   [COLUMN_USED] = "used",
	[COLUMN_FAKED] = "works faked", [COLUMN_STUBBED] = "works stubbed",
	[COLUMN_BOTH] = "works both",
};

enum { COLUMN_NONE = -1 };

struct columns {
	int index[COLUMN_KINDS]; /* COLUMN_NONE when the file lacks it */
	size_t count;            /* fields of a row */
};

struct row {
	struct workload_use use;
	bool used;
	uint64_t line;
};

struct parser {
	const char *input;
	struct columns columns;
	struct slice rows; /* what follows the heading */
	uint64_t heading_lines;
};

static bool equals_ignoring_case(struct slice slice, const char *text)
{
	return slice.size_bytes == strlen(text) &&
	       strncasecmp((const char *)slice.bytes, text, slice.size_bytes) == 0;
}

static int heading_of(struct slice field)
{
	field = slice_trim(field);
	if (field.size_bytes > 0 && field.bytes[0] == '#')
		field = slice_trim((struct slice){ field.bytes + 1, field.size_bytes - 1 });
	for (int i = 0; i < COLUMN_KINDS; i++)
		if (equals_ignoring_case(field, headings[i]))
			return i;
	return COLUMN_NONE;
}

/* False when the line names no known column, so that it is a row. */
static bool parse_heading(struct slice line, struct columns *out_columns)
{
	struct columns columns = {
		{ COLUMN_NONE, COLUMN_NONE, COLUMN_NONE, COLUMN_NONE, COLUMN_NONE }, 0
	};
	bool known = false;
	struct slice field;
	while (columns.count < LOUPE_MAX_COLUMNS && slice_next_field(&line, ',', &field)) {
		int column = heading_of(field);
		if (column != COLUMN_NONE) {
			columns.index[column] = (int)columns.count;
			known = true;
		}
		columns.count++;
	}
	if (known)
		*out_columns = columns;
	return known;
}

static bool has_verdicts(const struct columns *columns)
{
	return columns->index[COLUMN_FAKED] != COLUMN_NONE;
}

static enum status check_columns(const struct columns *columns, uint64_t off, struct error *err)
{
	for (int i = 0; i < COLUMN_KINDS; i++) {
		bool wanted = i <= COLUMN_USED || columns->index[COLUMN_FAKED] >= 0 ||
			      columns->index[COLUMN_STUBBED] >= 0 ||
			      columns->index[COLUMN_BOTH] >= 0;
		if (wanted && columns->index[i] == COLUMN_NONE)
			return error_set(err, STATUS_MALFORMED, off,
					 "the heading lacks the column '%s'", headings[i]);
	}
	return STATUS_OK;
}

static bool is_comment(struct slice line)
{
	line = slice_trim(line);
	return line.size_bytes == 0 || line.bytes[0] == '#';
}

static enum status find_rows(struct slice content, struct parser *parser, struct error *err)
{
	static const struct columns default_columns = { { 0, 1, 2, 3, 4 }, 5 };
	parser->columns = default_columns;
	parser->rows = content;
	struct slice rest = content;
	struct slice line;
	for (uint64_t number = 1; slice_next_line(&rest, &line); number++) {
		if (parse_heading(line, &parser->columns)) {
			parser->rows = rest;
			parser->heading_lines = number;
			return check_columns(&parser->columns,
					     (uint64_t)(line.bytes - content.bytes), err);
		}
		if (!is_comment(line))
			break;
	}
	return STATUS_OK;
}

static bool parse_answer(struct slice field, bool *out_answer)
{
	static const char *const answers[] = { "N", "Y", "no", "yes", "false", "true", "0", "1" };
	field = slice_trim(field);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (equals_ignoring_case(field, answers[i])) {
			*out_answer = i % 2 != 0;
			return true;
		}
	}
	return false;
}

static enum verdict verdict_of(const struct columns *columns, const bool *answers)
{
	if (!has_verdicts(columns))
		return VERDICT_UNTESTED;
	if (answers[COLUMN_BOTH] || (answers[COLUMN_STUBBED] && answers[COLUMN_FAKED]))
		return VERDICT_EITHER;
	if (answers[COLUMN_STUBBED])
		return VERDICT_STUBBABLE;
	return answers[COLUMN_FAKED] ? VERDICT_FAKEABLE : VERDICT_REQUIRED;
}

/* Returns what is wrong with the row, or NULL. */
static const char *parse_row(struct slice line, const struct columns *columns, struct row *out_row)
{
	struct slice fields[LOUPE_MAX_COLUMNS];
	size_t count = 0;
	struct slice field;
	while (slice_next_field(&line, ',', &field)) {
		if (count == columns->count)
			return "more fields than columns";
		fields[count++] = field;
	}
	if (count < columns->count)
		return "cut short: fewer fields than columns";

	uint64_t number;
	if (!slice_parse_uint(slice_trim(fields[columns->index[COLUMN_SYSCALL]]), 10, &number))
		return "the syscall is not a number";
	if (number > LOUPE_MAX_NUMBER)
		return "the syscall's number is impossibly large";
	bool answers[COLUMN_KINDS] = { false };
	for (int i = COLUMN_USED; i < COLUMN_KINDS; i++)
		if (columns->index[i] != COLUMN_NONE &&
		    !parse_answer(fields[columns->index[i]], &answers[i]))
			return "an answer is neither Y nor N";
	out_row->use = (struct workload_use){ (uint32_t)number, verdict_of(columns, answers) };
	out_row->used = answers[COLUMN_USED];
	return NULL;
}

struct bad_rows {
	size_t count;
	const uint8_t *first; /* its first byte */
};

/* problems and out_rows may be NULL: then rows are only counted. */
static size_t parse_rows(const struct parser *parser, struct problem_list *problems,
			 struct row *out_rows, struct bad_rows *out_bad)
{
	size_t good_count = 0;
	*out_bad = (struct bad_rows){ 0 };
	struct slice rest = parser->rows;
	struct slice line;
	for (uint64_t number = parser->heading_lines + 1; slice_next_line(&rest, &line); number++) {
		if (is_comment(line))
			continue;
		struct row row = { .line = number };
		const char *wrong = parse_row(line, &parser->columns, &row);
		if (wrong == NULL) {
			if (out_rows != NULL)
				out_rows[good_count] = row;
			good_count++;
			if (rest.bytes == NULL)
				wrong = "no line end, so the file is cut short here";
			else
				continue;
		} else if (out_bad->count++ == 0) {
			out_bad->first = line.bytes;
		}
		if (problems != NULL)
			problem_add(problems, parser->input, number, "%s", wrong);
	}
	return good_count;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left;
	const struct row *b = right;
	if (a->use.number != b->use.number)
		return a->use.number < b->use.number ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Drops rows that repeat a number. */
static size_t sort_rows(const struct parser *parser, struct row *rows, size_t count,
			struct problem_list *problems)
{
	qsort(rows, count, sizeof(*rows), compare_rows);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && rows[kept - 1].use.number == rows[i].use.number)
			problem_add(problems, parser->input, rows[i].line,
				    "number %" PRIu32 " again, first in line %" PRIu64,
				    rows[i].use.number, rows[kept - 1].line);
		else
			rows[kept++] = rows[i];
	}
	return kept;
}

/*
 * Loupe writes a row for every number from 0 to 334 at least, so a file that has all of them up to
 * a smaller one lost its end at a line's end. Very short files are lists that people made.
 */
static void check_end(const struct parser *parser, const struct row *rows, size_t count,
		      struct problem_list *problems)
{
	enum { LAST_NUMBER = 334, SHORTEST_TABLE = 16 };
	if (count < SHORTEST_TABLE || count > LAST_NUMBER)
		return;
	if (rows[0].use.number == 0 && rows[count - 1].use.number == count - 1)
		problem_add(problems, parser->input, rows[count - 1].line,
			    "ends at number %zu of %d, so the file is cut short here", count - 1,
			    LAST_NUMBER);
}

static enum status check_text(struct slice content, struct error *err)
{
	for (size_t i = 0; i < content.size_bytes; i++) {
		uint8_t byte = content.bytes[i];
		if (byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t')
			return error_set(err, STATUS_MALFORMED, i,
					 "binary bytes, so this is not a CSV file");
	}
	return STATUS_OK;
}

enum status loupe_csv_parse(struct slice content, const char *input, struct arena *arena,
			    struct problem_list *problems, struct loupe_csv *out_csv,
			    struct error *err)
{
	struct parser parser = { .input = input };
	content = slice_skip_mark(content);
	enum status status = check_text(content, err);
	if (status == STATUS_OK)
		status = find_rows(content, &parser, err);
	if (status != STATUS_OK)
		return status;

	struct bad_rows bad;
	size_t count = parse_rows(&parser, NULL, NULL, &bad);
	if (bad.count > count)
		return error_set(err, STATUS_MALFORMED, (uint64_t)(bad.first - content.bytes),
				 "not Loupe's CSV: %zu of %zu rows are malformed", bad.count,
				 bad.count + count);
	struct row *rows = arena_alloc(arena, count, sizeof(*rows));
	parse_rows(&parser, problems, rows, &bad);
	count = count == 0 ? 0 : sort_rows(&parser, rows, count, problems);
	check_end(&parser, rows, count, problems);

	struct workload_use *uses = arena_alloc(arena, count, sizeof(*uses));
	size_t use_count = 0;
	for (size_t i = 0; i < count; i++)
		if (rows[i].used)
			uses[use_count++] = rows[i].use;
	if (use_count == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "no call is used");
	*out_csv = (struct loupe_csv){ uses, use_count, count };
	return STATUS_OK;
}
