/*
 * Workload files. Invariants: what is accepted is whole and within its bounds, its expressions
 * compile, and the same text gives the same hash.
 */
#include <assert.h>
#include <math.h>
#include <regex.h>
#include <stdint.h>

#include "check.h"
#include "explore/definition.h"

static void check_expression(const char *pattern)
{
	regex_t regex;
	if (pattern == NULL)
		return;
	assert(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE) == 0);
	regfree(&regex);
}

static void check_words(const char *const *words)
{
	size_t count = 0;
	while (words[count] != NULL)
		count++;
	assert(count <= DEFINITION_MAX_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct definition definition;
	struct definition again;
	struct error err = { 0 };
	struct slice text = { bytes, size_bytes };
	if (definition_parse(text, "fuzz", &arena, &definition, &err) == STATUS_OK) {
		assert(definition.application != NULL && definition.name != NULL);
		assert(definition.command[0] != NULL);
		assert(definition.limit_seconds > 0 && isfinite(definition.limit_seconds));
		assert(definition.replicas >= 1 && definition.replicas <= 1000);
		check_words(definition.packages);
		check_words(definition.environment);
		check_words(definition.command);
		check_expression(definition.success.output);
		check_expression(definition.ready.line);
		check_expression(definition.metric.pattern);
		assert(definition_parse(text, "fuzz", &arena, &again, &err) == STATUS_OK);
		assert(again.hash == definition.hash);
	} else {
		assert(err.text[0] != '\0');
	}
	arena_finish(&arena);
	return 0;
}
