#include "package/popcon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct knot {
	double rank, installations;
};

struct parsing {
	const char *input;
	struct problem_list *problems;
	struct popularity_entry *entries;
	size_t count, capacity;
	uint64_t line;
	uint64_t submissions; /* 0: the file has not said */
	struct popularity popularity;
	struct knot *knots;
	size_t knot_count, knot_capacity;
};

/* The next word of a line, which may be empty at its end. */
static struct slice next_word(struct slice *rest)
{
	*rest = slice_trim(*rest);
	size_t length = 0;
	while (length < rest->size_bytes && rest->bytes[length] != ' ' &&
	       rest->bytes[length] != '\t')
		length++;
	struct slice word = { rest->bytes, length };
	if (length > 0) {
		rest->bytes += length;
		rest->size_bytes -= length;
	}
	return word;
}

static bool next_number(struct slice *rest, uint64_t *out_number)
{
	return slice_parse_uint(next_word(rest), 10, out_number);
}

static bool cut_prefix(struct slice *line, const char *prefix)
{
	size_t length = strlen(prefix);
	if (line->size_bytes < length || memcmp(line->bytes, prefix, length) != 0)
		return false;
	line->bytes += length;
	line->size_bytes -= length;
	return true;
}

static enum status add(struct parsing *parsing, struct slice name, uint64_t installations,
		       struct error *err)
{
	if (parsing->count == POPCON_MAX_PACKAGES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d packages",
				 POPCON_MAX_PACKAGES);
	struct arena *arena = parsing->problems->arena;
	if (parsing->count == parsing->capacity)
		parsing->entries = arena_grow(arena, parsing->entries, parsing->count,
					      sizeof(*parsing->entries), &parsing->capacity);
	parsing->entries[parsing->count++] =
	    (struct popularity_entry){ arena_slice(arena, name), installations };
	return STATUS_OK;
}

static void complain(struct parsing *parsing, const char *what)
{
	problem_add(parsing->problems, parsing->input, parsing->line, "%s", what);
}

/* "1 dpkg 290000 …": the name is the second word, the maintainer may have spaces. */
static enum status parse_ranked(struct parsing *parsing, struct slice line, struct error *err)
{
	uint64_t rank;
	uint64_t installations;
	if (line.size_bytes == 0 || line.bytes[0] == '#' || line.bytes[0] == '-')
		return STATUS_OK;
	bool ranked = next_number(&line, &rank);
	struct slice name = next_word(&line);
	if (slice_equals_string(name, "Total"))
		return STATUS_OK;
	if (!ranked || !next_number(&line, &installations)) {
		complain(parsing, "no rank, name and number of installations");
		return STATUS_OK;
	}
	return add(parsing, name, installations, err);
}

/* "Package: dpkg 250000 10000 5000 2": installed are those that use it in any of four ways. */
static enum status parse_result(struct parsing *parsing, struct slice line, struct error *err)
{
	uint64_t number;
	if (cut_prefix(&line, "Submissions:")) {
		if (!next_number(&line, &parsing->submissions))
			complain(parsing, "no number of submissions");
		return STATUS_OK;
	}
	if (!cut_prefix(&line, "Package:"))
		return STATUS_OK;
	struct slice name = next_word(&line);
	uint64_t installations = 0;
	for (int i = 0; i < 4; i++) {
		if (!next_number(&line, &number) || number > UINT32_MAX) {
			complain(parsing, "not four numbers");
			return STATUS_OK;
		}
		installations += number;
	}
	return add(parsing, name, installations, err);
}

/* ---- our own form: an estimate for each rank ---- */

static void parse_knot(struct parsing *parsing, struct slice line)
{
	uint64_t rank;
	uint64_t installations;
	if (!next_number(&line, &rank) || !next_number(&line, &installations) || rank == 0 ||
	    installations == 0 || parsing->knot_count == POPCON_MAX_KNOTS) {
		complain(parsing, "not a rank and a number above 0");
		return;
	}
	if (parsing->knot_count == parsing->knot_capacity)
		parsing->knots =
		    arena_grow(parsing->problems->arena, parsing->knots, parsing->knot_count,
			       sizeof(*parsing->knots), &parsing->knot_capacity);
	parsing->knots[parsing->knot_count++] =
	    (struct knot){ log((double)rank), log((double)installations) };
}

static void parse_key(struct parsing *parsing, struct slice line)
{
	struct arena *arena = parsing->problems->arena;
	struct popularity *popularity = &parsing->popularity;
	if (cut_prefix(&line, "#"))
		return;
	if (cut_prefix(&line, "knot:"))
		parse_knot(parsing, line);
	else if (cut_prefix(&line, "title:"))
		popularity->source.title = arena_slice(arena, slice_trim(line));
	else if (cut_prefix(&line, "version:"))
		popularity->source.version = arena_slice(arena, slice_trim(line));
	else if (cut_prefix(&line, "licence:"))
		popularity->source.licence = arena_slice(arena, slice_trim(line));
	else if (cut_prefix(&line, "url:"))
		popularity->source.url = arena_slice(arena, slice_trim(line));
	else if (cut_prefix(&line, "estimate:"))
		popularity->estimate = slice_equals_string(slice_trim(line), "yes");
	else if (!cut_prefix(&line, "submissions:") || !next_number(&line, &parsing->submissions))
		complain(parsing, "unknown line");
}

/* Straight lines between the knots on logarithmic axes; the first and last go on. */
static uint64_t estimate(const struct parsing *parsing, size_t rank)
{
	const struct knot *knots = parsing->knots;
	double x = log((double)rank);
	size_t i = 1;
	if (x <= knots[0].rank || parsing->knot_count == 1)
		return (uint64_t)llround(exp(knots[0].installations));
	while (i + 1 < parsing->knot_count && knots[i].rank < x)
		i++;
	double wide = knots[i].rank - knots[i - 1].rank;
	double share = wide > 0 ? (x - knots[i - 1].rank) / wide : 1;
	double y = knots[i - 1].installations +
		   share * (knots[i].installations - knots[i - 1].installations);
	return y < log(1e12) ? (uint64_t)llround(exp(y)) : 0;
}

static enum status parse_ours(struct parsing *parsing, struct slice text, struct error *err)
{
	struct slice line;
	while (slice_next_line(&text, &line) && line.size_bytes > 0) {
		parsing->line++;
		parse_key(parsing, line);
	}
	if (parsing->knot_count == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "no knots");
	enum status status = STATUS_OK;
	while (status == STATUS_OK && slice_next_line(&text, &line))
		status = add(parsing, slice_trim(line), estimate(parsing, parsing->count + 1), err);
	return status;
}

/* ---- all ---- */

static int compare(const void *left, const void *right)
{
	const struct popularity_entry *a = left;
	const struct popularity_entry *b = right;
	int order = strcmp(a->name, b->name);
	if (order != 0)
		return order;
	return (a->installations < b->installations) - (a->installations > b->installations);
}

/* Sorted by name; of the same name the most installed one stays. */
static void settle(struct parsing *parsing, enum popcon_total total)
{
	uint64_t sum = 0;
	uint64_t most = 1;
	size_t kept = 0;
	struct popularity_entry *entries = parsing->entries;
	qsort(entries, parsing->count, sizeof(*entries), compare);
	for (size_t i = 0; i < parsing->count; i++) {
		if (kept > 0 && strcmp(entries[i].name, entries[kept - 1].name) == 0)
			continue;
		entries[kept++] = entries[i];
		sum += entries[i].installations;
		most = entries[i].installations > most ? entries[i].installations : most;
	}
	parsing->popularity.entries = entries;
	parsing->popularity.count = kept;
	parsing->popularity.submissions = total == POPCON_SUM        ? (sum > 0 ? sum : 1)
					  : parsing->submissions > 0 ? parsing->submissions
								     : most;
}

/* The first line that is no comment tells the forms apart. */
static enum status parse(struct parsing *parsing, struct slice text, struct error *err)
{
	enum status (*parse_line)(struct parsing *, struct slice, struct error *) = NULL;
	struct slice rest = text;
	struct slice line;
	uint64_t rank;
	enum status status = STATUS_OK;
	while (status == STATUS_OK && slice_next_line(&rest, &line)) {
		struct slice words = line;
		parsing->line++;
		if (parse_line == NULL) {
			if (line.size_bytes == 0 || line.bytes[0] == '#')
				continue;
			if (cut_prefix(&words, "title:"))
				return parse_ours(parsing, text, err);
			if (cut_prefix(&words, "Submissions:") || cut_prefix(&words, "Package:"))
				parse_line = parse_result;
			else if (next_number(&words, &rank))
				parse_line = parse_ranked;
			else
				break;
		}
		status = parse_line(parsing, line, err);
	}
	if (status == STATUS_OK && parse_line == NULL)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
				 "not a result of popularity-contest");
	return status;
}

enum status popcon_parse(struct slice text, const char *input, enum popcon_total total,
			 struct problem_list *problems, struct popularity *out_popularity,
			 struct error *err)
{
	struct parsing parsing = { .input = input, .problems = problems };
	enum status status = parse(&parsing, text, err);
	if (status != STATUS_OK)
		return status;
	if (parsing.count == 0)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF, "no package");
	settle(&parsing, total);
	*out_popularity = parsing.popularity;
	return STATUS_OK;
}
