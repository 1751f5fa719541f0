#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

#include "base/slice.h"

enum { WORD_MAX_BYTES = 64, EDITS_MAX = 3 };

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Edits between two short words: insertions, deletions, replacements, and two letters exchanged.
 * "Optimal string alignment", Damerau 1964; three rows of the table at a time.
 */
static size_t edit_distance(struct slice a, struct slice b)
{
	size_t rows[3][WORD_MAX_BYTES + 1];
	for (size_t j = 0; j <= b.size_bytes; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.size_bytes; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b.size_bytes; j++) {
			bool same = a.bytes[i - 1] == b.bytes[j - 1];
			bool exchanged = i > 1 && j > 1 && a.bytes[i - 1] == b.bytes[j - 2] &&
					 a.bytes[i - 2] == b.bytes[j - 1];
			row[j] = lesser(above[j - 1] + !same, lesser(above[j], row[j - 1]) + 1);
			if (exchanged)
				row[j] = lesser(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[a.size_bytes % 3][b.size_bytes];
}

/* Of a short word not even half may be wrong: anything would be near. */
struct nearest nearest_start(const char *word)
{
	return (struct nearest){ word, NULL, lesser(strlen(word) / 2, EDITS_MAX) };
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	struct slice word = slice_of_string(nearest->word);
	struct slice other = slice_of_string(candidate);
	if (word.size_bytes > WORD_MAX_BYTES || other.size_bytes > WORD_MAX_BYTES)
		return;
	size_t distance = edit_distance(word, other);
	if (distance > nearest->distance)
		return;
	nearest->name = candidate;
	nearest->distance = distance;
}

const char *nearest_question(const struct nearest *nearest, char buffer[NEAREST_QUESTION_BYTES])
{
	buffer[0] = '\0';
	if (nearest->name != NULL)
		(void)snprintf(buffer, NEAREST_QUESTION_BYTES, "; did you mean %s?", nearest->name);
	return buffer;
}
