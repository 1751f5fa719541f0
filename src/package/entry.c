#include "package/entry.h"

#include <string.h>

bool entry_plain_path(const char *raw, char out_path[ENTRY_MAX_PATH_BYTES])
{
	struct slice rest = slice_of_string(raw);
	struct slice part;
	size_t length = 0;
	while (slice_next_field(&rest, '/', &part)) {
		if (part.size_bytes == 0 || slice_equals_string(part, "."))
			continue;
		if (length + part.size_bytes + 2 > ENTRY_MAX_PATH_BYTES)
			return false;
		out_path[length++] = '/';
		memcpy(out_path + length, part.bytes, part.size_bytes);
		length += part.size_bytes;
	}
	out_path[length] = '\0';
	return length > 0;
}

static bool goes_up(const char *path)
{
	for (; (path = strstr(path, "/..")) != NULL; path++)
		if (path[3] == '/' || path[3] == '\0')
			return true;
	return false;
}

bool entry_path(const char *raw, char out_path[ENTRY_MAX_PATH_BYTES])
{
	return entry_plain_path(raw, out_path) && !goes_up(out_path);
}

enum entry_kind entry_classify(struct slice head)
{
	if (head.size_bytes >= 4 && memcmp(head.bytes, "\177ELF", 4) == 0)
		return ENTRY_ELF;
	if (head.size_bytes >= 2 && memcmp(head.bytes, "#!", 2) == 0)
		return ENTRY_SCRIPT;
	return ENTRY_OTHER;
}

static bool next_word(struct slice *rest, struct slice *out_word)
{
	*rest = slice_trim(*rest);
	size_t length = 0;
	while (length < rest->size_bytes && rest->bytes[length] != ' ' &&
	       rest->bytes[length] != '\t' && rest->bytes[length] != '\0')
		length++;
	*out_word = (struct slice){ rest->bytes, length };
	rest->bytes += length;
	rest->size_bytes -= length;
	return length > 0;
}

static bool is_env(struct slice word)
{
	return word.size_bytes >= 4 && memcmp(word.bytes + word.size_bytes - 4, "/env", 4) == 0;
}

bool entry_interpreter(struct slice head, char out_name[ENTRY_MAX_PATH_BYTES])
{
	struct slice rest = head;
	struct slice line;
	struct slice word;
	if (entry_classify(head) != ENTRY_SCRIPT || !slice_next_line(&rest, &line))
		return false;
	line.bytes += 2;
	line.size_bytes -= 2;
	if (!next_word(&line, &word))
		return false;
	/* env passes over options and NAME=VALUE, then runs what follows */
	for (bool after_env = is_env(word); after_env && next_word(&line, &word);)
		after_env = word.bytes[0] == '-' || is_env(word) ||
			    memchr(word.bytes, '=', word.size_bytes) != NULL;
	if (word.size_bytes == 0 || word.size_bytes >= ENTRY_MAX_PATH_BYTES)
		return false;
	memcpy(out_name, word.bytes, word.size_bytes);
	out_name[word.size_bytes] = '\0';
	return true;
}
