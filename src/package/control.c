#include "package/control.h"

#include <string.h>
#include <strings.h>

bool control_next_stanza(struct slice *rest, struct slice *out_stanza)
{
	struct slice line;
	*out_stanza = (struct slice){ 0 };
	while (slice_next_line(rest, &line)) {
		if (slice_trim(line).size_bytes > 0) {
			if (out_stanza->bytes == NULL)
				out_stanza->bytes = line.bytes;
			out_stanza->size_bytes =
			    (size_t)(line.bytes + line.size_bytes - out_stanza->bytes);
		} else if (out_stanza->bytes != NULL) {
			return true;
		}
	}
	return out_stanza->bytes != NULL;
}

bool control_field(struct slice stanza, const char *name, struct slice *out_value)
{
	size_t length = strlen(name);
	struct slice value = { 0 };
	struct slice line;
	while (slice_next_line(&stanza, &line)) {
		bool continues =
		    line.size_bytes > 0 && (line.bytes[0] == ' ' || line.bytes[0] == '\t');
		if (value.bytes != NULL && !continues)
			break;
		if (value.bytes != NULL) {
			value.size_bytes = (size_t)(line.bytes + line.size_bytes - value.bytes);
		} else if (line.size_bytes > length && line.bytes[length] == ':' &&
			   strncasecmp((const char *)line.bytes, name, length) == 0) {
			value.bytes = line.bytes + length + 1;
			value.size_bytes = line.size_bytes - length - 1;
		}
	}
	if (value.bytes == NULL)
		return false;
	*out_value = slice_trim(value);
	return true;
}

static const char *copy_field(struct slice stanza, const char *name, struct arena *arena)
{
	struct slice value;
	return control_field(stanza, name, &value) ? arena_slice(arena, value) : NULL;
}

bool control_package(struct slice stanza, struct arena *arena, struct package *out_package)
{
	struct package package = {
		.name = copy_field(stanza, "Package", arena),
		.version = copy_field(stanza, "Version", arena),
		.arch = copy_field(stanza, "Architecture", arena),
		.section = copy_field(stanza, "Section", arena),
		.maintainer = copy_field(stanza, "Maintainer", arena),
		.depends = copy_field(stanza, "Depends", arena),
		.provides = copy_field(stanza, "Provides", arena),
	};
	struct slice essential;
	package.essential =
	    control_field(stanza, "Essential", &essential) && slice_equals_string(essential, "yes");
	const char *before = copy_field(stanza, "Pre-Depends", arena);
	if (before != NULL)
		package.depends = package.depends == NULL
				      ? before
				      : arena_printf(arena, "%s, %s", before, package.depends);
	if (package.name == NULL || package.name[0] == '\0' || package.version == NULL)
		return false;
	*out_package = package;
	return true;
}
