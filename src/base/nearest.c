#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX_BYTES = 64, EDITS_MAX = 3 };

/*
 * Edits between two short words: insertions, deletions, replacements, and two letters exchanged.
 * "Optimal string alignment", Damerau 1964; three rows of the table at a time.
 */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][WORD_MAX_BYTES + 1];
	for (size_t j = 0; j <= b_bytes; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			size_t least = above[j - 1] + (a[i - 1] != b[j - 1]);
			least = above[j] + 1 < least ? above[j] + 1 : least;
			least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				size_t exchanged = rows[(i + 1) % 3][j - 2] + 1;
				least = exchanged < least ? exchanged : least;
			}
			row[j] = least;
		}
	}
	return rows[a_bytes % 3][b_bytes];
}

/* Of a short word not even half may be wrong: anything would be near. */
struct nearest nearest_start(const char *word)
{
	size_t limit = strlen(word) / 2 < EDITS_MAX ? strlen(word) / 2 : EDITS_MAX;
	return (struct nearest){ word, NULL, limit };
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t word_bytes = strlen(nearest->word);
	size_t candidate_bytes = strlen(candidate);
	if (word_bytes > WORD_MAX_BYTES || candidate_bytes > WORD_MAX_BYTES)
		return;
	size_t distance = edit_distance(nearest->word, word_bytes, candidate, candidate_bytes);
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
