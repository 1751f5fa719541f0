/* Workloads -> sysgap's own text, as text.h describes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "syscalls/table.h"
#include "workload/text.h"

enum { TEXT_COLUMNS = 100, TAB_COLUMNS = 8 };

static void append_escaped(struct buffer *out, const char *text, bool escape_spaces)
{
	for (const char *at = text; *at != '\0'; at++) {
		bool at_end = at == text || at[1] == '\0';
		unsigned char byte = (unsigned char)*at;
		if (byte < ' ' || byte == 0x7f || byte == '%' ||
		    (byte == ' ' && (escape_spaces || at_end)))
			buffer_printf(out, "%%%02X", (unsigned)byte);
		else
			buffer_append(out, at, 1);
	}
}

static void append_word(struct buffer *out, const char *word)
{
	buffer_append_string(out, " ");
	if (word[0] == '\0')
		buffer_append_string(out, "%");
	append_escaped(out, word, true);
}

static void append_heading(struct buffer *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buffer_printf(out, "%s: ", key);
	append_escaped(out, value, false);
	buffer_append_string(out, "\n");
}

static void append_source(struct buffer *out, const struct workload *workload)
{
	buffer_append_string(out, "\n");
	append_heading(out, "source", workload->source.title);
	append_heading(out, "version", workload->source.version);
	append_heading(out, "licence", workload->source.licence);
	append_heading(out, "url", workload->source.url);
	append_heading(out, "arch", arch_name(workload->arch));
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_heading(const struct workload *a, const struct workload *b)
{
	return a->arch == b->arch && same_text(a->source.title, b->source.title) &&
	       same_text(a->source.version, b->source.version) &&
	       same_text(a->source.licence, b->source.licence) &&
	       same_text(a->source.url, b->source.url);
}

/* A name only when it leads back to the number: x32 numbers share theirs with x86_64's. */
static const char *call_word(enum arch arch, uint32_t number, char *buffer)
{
	const char *name = syscall_name(arch, number, buffer);
	uint32_t back;
	if (name == buffer || !syscall_number_of(arch, slice_of_string(name), &back) ||
	    back != number) {
		(void)snprintf(buffer, SYSCALL_NAME_BYTES, "%" PRIu32, number);
		return buffer;
	}
	return name;
}

static void append_calls(struct buffer *out, const struct workload *workload, enum verdict verdict)
{
	size_t column = TEXT_COLUMNS;
	bool any = false;
	for (size_t i = 0; i < workload->use_count; i++) {
		if (workload->uses[i].verdict != verdict)
			continue;
		char buffer[SYSCALL_NAME_BYTES];
		const char *word = call_word(workload->arch, workload->uses[i].number, buffer);
		if (column + 1 + strlen(word) > TEXT_COLUMNS) {
			buffer_printf(out, "%s\t%s", any ? "\n" : "", verdict_name(verdict));
			column = TAB_COLUMNS + strlen(verdict_name(verdict));
			any = true;
		}
		buffer_printf(out, " %s", word);
		column += 1 + strlen(word);
	}
	if (any)
		buffer_append_string(out, "\n");
}

void workload_text_format(struct workload_set set, struct buffer *out)
{
	buffer_append_string(out, "# sysgap workloads 1\n");
	for (size_t i = 0; i < set.count; i++) {
		const struct workload *workload = set.workloads[i];
		if (i == 0 || !same_heading(workload, set.workloads[i - 1]))
			append_source(out, workload);
		buffer_printf(out, "\n%s", workload_kind_name(workload->kind));
		append_word(out, workload->application);
		append_word(out, workload->name);
		if (workload->run != NULL)
			append_word(out, workload->run);
		buffer_append_string(out, "\n");
		for (int verdict = 0; verdict < VERDICT_COUNT; verdict++)
			append_calls(out, workload, (enum verdict)verdict);
	}
}
