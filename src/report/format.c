#include "base/names.h"
#include "report/writer.h"

static const char *const format_names[FORMAT_COUNT] = {
	[FORMAT_TEXT] = "text", [FORMAT_MD] = "md",   [FORMAT_JSON] = "json",
	[FORMAT_HTML] = "html", [FORMAT_TSV] = "tsv", [FORMAT_NAMES] = "names",
	[FORMAT_SVG] = "svg",
};

int format_from_name(const char *name)
{
	return names_find(format_names, FORMAT_COUNT, name);
}

const char *format_name(enum format format)
{
	return format_names[format];
}
