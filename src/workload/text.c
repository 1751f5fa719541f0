/*
 * sysgap's own text -> workloads, as text.h describes. Invariant of the result: numbers of a
 * workload ascend, each once.
 */
#include "workload/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/table.h"

static const char magic[] = "# sysgap workloads ";

enum { TEXT_VERSION = 1, MAX_WORDS = 4 /* kind, application, name, run */ };

struct line_use {
	struct workload_use use;
	uint64_t line;
};

struct reader {
	const char *input;
	uint64_t line;
	struct arena *arena;
	struct problem_list *problems;

	struct source source; /* the headings so far; title NULL: workloads are lost */
	enum arch arch;

	struct workload *open; /* the verdicts below count for it; NULL: for none */
	bool skips;            /* verdicts, since the line of their workload was malformed */
	struct line_use *uses; /* of the open workload */
	size_t use_count;
	size_t use_capacity;

	const struct workload **workloads;
	size_t count;
	size_t capacity;
};

/* The escaped text as it was; NULL when an escape is malformed or missing. */
static char *unescape(struct slice text, struct arena *arena)
{
	char *plain = arena_alloc(arena, text.size_bytes + 1, 1);
	size_t size = 0;
	for (size_t i = 0; i < text.size_bytes; i++) {
		uint64_t byte = text.bytes[i];
		if (byte < ' ')
			return NULL;
		if (byte == '%') {
			if (text.size_bytes - i < 3 ||
			    !slice_parse_uint((struct slice){ text.bytes + i + 1, 2 }, 16, &byte) ||
			    byte == 0)
				return NULL;
			i += 2;
		}
		plain[size++] = (char)(unsigned char)byte;
	}
	return plain;
}

static char *parse_word(struct slice word, struct arena *arena)
{
	return slice_equals_string(word, "%") ? arena_string(arena, "") : unescape(word, arena);
}

/* Cuts the next word off; false when none is left. */
static bool next_word(struct slice *rest, struct slice *out_word)
{
	*rest = slice_trim(*rest);
	if (rest->size_bytes == 0)
		return false;
	size_t size = 0;
	while (size < rest->size_bytes && rest->bytes[size] != ' ' && rest->bytes[size] != '\t')
		size++;
	*out_word = (struct slice){ rest->bytes, size };
	*rest = (struct slice){ rest->bytes + size, rest->size_bytes - size };
	return true;
}

static int compare_uses(const void *left, const void *right)
{
	const struct line_use *a = left;
	const struct line_use *b = right;
	if (a->use.number != b->use.number)
		return a->use.number < b->use.number ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Gives the open workload its uses. */
static void close_workload(struct reader *reader)
{
	if (reader->open == NULL)
		return;
	struct workload_use *uses = arena_alloc(reader->arena, reader->use_count, sizeof(*uses));
	size_t count = 0;
	if (reader->use_count > 0)
		qsort(reader->uses, reader->use_count, sizeof(*reader->uses), compare_uses);
	for (size_t i = 0; i < reader->use_count; i++) {
		const struct line_use *use = &reader->uses[i];
		if (count > 0 && uses[count - 1].number == use->use.number)
			problem_add(reader->problems, reader->input, use->line,
				    "call %" PRIu32 " again", use->use.number);
		else
			uses[count++] = use->use;
	}
	reader->open->uses = uses;
	reader->open->use_count = count;
	reader->open = NULL;
	reader->use_count = 0;
}

/* Returns what is wrong with the line, or NULL. */
static const char *parse_workload(struct reader *reader, int kind, struct slice rest)
{
	char *words[MAX_WORDS] = { NULL };
	int count = 1; /* the kind is cut off already */
	struct slice word;
	while (next_word(&rest, &word)) {
		if (count == MAX_WORDS)
			return "more words than kind, application, name and run";
		words[count] = parse_word(word, reader->arena);
		if (words[count++] == NULL)
			return "a malformed escape or a control character";
	}
	if (count < 3)
		return "needs an application and a name";
	if (reader->source.title == NULL)
		return "a workload without a source";
	struct workload *workload = arena_alloc(reader->arena, 1, sizeof(*workload));
	*workload = (struct workload){ .application = words[1],
				       .name = words[2],
				       .run = words[3],
				       .kind = (enum workload_kind)kind,
				       .arch = reader->arch,
				       .source = reader->source };
	if (reader->count == reader->capacity)
		reader->workloads = arena_grow(reader->arena, reader->workloads, reader->count,
					       sizeof(*reader->workloads), &reader->capacity);
	reader->workloads[reader->count++] = workload;
	reader->open = workload;
	return NULL;
}

static bool parse_call(enum arch arch, struct slice word, uint32_t *out_number)
{
	uint64_t number;
	if (syscall_number_of(arch, word, out_number))
		return true;
	if (!slice_parse_uint(word, 10, &number) || number > UINT32_MAX)
		return false;
	*out_number = (uint32_t)number;
	return true;
}

static void parse_calls(struct reader *reader, enum verdict verdict, struct slice rest)
{
	struct slice word;
	while (next_word(&rest, &word)) {
		uint32_t number;
		if (!parse_call(reader->open->arch, word, &number)) {
			problem_add(reader->problems, reader->input, reader->line,
				    "no syscall '%.*s'",
				    (int)(word.size_bytes < 80 ? word.size_bytes : 80), word.bytes);
			continue;
		}
		if (reader->use_count == reader->use_capacity)
			reader->uses = arena_grow(reader->arena, reader->uses, reader->use_count,
						  sizeof(*reader->uses), &reader->use_capacity);
		reader->uses[reader->use_count++] =
		    (struct line_use){ { number, verdict }, reader->line };
	}
}

/* A wrong one costs all workloads up to the next source: they would get another's numbers. */
static const char *parse_arch(struct reader *reader, const char *text)
{
	int arch = arch_from_name(text);
	if (arch == ARCH_UNKNOWN) {
		reader->source.title = NULL;
		return "no such architecture";
	}
	reader->arch = (enum arch)arch;
	return NULL;
}

static const char *parse_heading(struct reader *reader, const char *key, struct slice value)
{
	char *text = unescape(slice_trim(value), reader->arena);
	if (text == NULL)
		return "a malformed escape or a control character";
	struct source *source = &reader->source;
	if (strcmp(key, "source:") == 0)
		*source = (struct source){ .title = text };
	else if (strcmp(key, "version:") == 0)
		source->version = text;
	else if (strcmp(key, "licence:") == 0)
		source->licence = text;
	else if (strcmp(key, "url:") == 0)
		source->url = text;
	else if (strcmp(key, "arch:") != 0)
		return "no such heading";
	else
		return parse_arch(reader, text);
	return NULL;
}

/* Returns what is wrong with the line, or NULL. */
static const char *parse_line(struct reader *reader, struct slice line)
{
	struct slice word;
	if (!next_word(&line, &word) || word.bytes[0] == '#')
		return NULL;
	const char *key = arena_slice(reader->arena, word);
	int verdict = verdict_from_name(key);
	if (verdict >= 0) {
		if (reader->open != NULL)
			parse_calls(reader, (enum verdict)verdict, line);
		return reader->open != NULL || reader->skips ? NULL : "a verdict of no workload";
	}
	close_workload(reader);
	int kind = workload_kind_from_name(key);
	const char *wrong =
	    kind >= 0 ? parse_workload(reader, kind, line) : parse_heading(reader, key, line);
	reader->skips = wrong != NULL;
	return wrong;
}

static enum status check_magic(struct slice *content, struct error *err)
{
	struct slice line;
	size_t magic_bytes = strlen(magic);
	if (!slice_next_line(content, &line) || line.size_bytes < magic_bytes ||
	    memcmp(line.bytes, magic, magic_bytes) != 0)
		return error_set(err, STATUS_MALFORMED, 0, "does not start with '%s%d'", magic,
				 TEXT_VERSION);
	line =
	    slice_trim((struct slice){ line.bytes + magic_bytes, line.size_bytes - magic_bytes });
	uint64_t version;
	if (!slice_parse_uint(line, 10, &version) || version != TEXT_VERSION)
		return error_set(err, STATUS_UNSUPPORTED, 0,
				 "another version of the format than %d", TEXT_VERSION);
	return STATUS_OK;
}

enum status workload_text_parse(struct slice content, const char *input, struct arena *arena,
				struct problem_list *problems, struct workload_set *out_set,
				struct error *err)
{
	enum status status = check_magic(&content, err);
	if (status != STATUS_OK)
		return status;
	struct reader reader = {
		.input = input, .line = 1, .arena = arena, .problems = problems, .arch = ARCH_X86_64
	};
	struct slice line;
	while (slice_next_line(&content, &line)) {
		reader.line++;
		const char *wrong = parse_line(&reader, line);
		if (wrong != NULL)
			problem_add(problems, input, reader.line, "%s", wrong);
	}
	close_workload(&reader);
	*out_set = workload_set_create(arena, reader.workloads, reader.count);
	return STATUS_OK;
}
