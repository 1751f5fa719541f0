#include "package/deb.h"

#include <string.h>

#include "package/ar.h"
#include "package/control.h"

enum status deb_open(struct slice bytes, struct deb *out_deb, struct error *err)
{
	size_t off;
	struct ar_member member;
	enum status status = ar_open(bytes, &off, err);
	if (status == STATUS_OK)
		status = ar_next(bytes, &off, &member, err);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		return status;
	if (status == STATUS_NOT_FOUND || strcmp(member.name, "debian-binary") != 0)
		return error_set(err, STATUS_UNSUPPORTED, 0, "not a Debian package");
	if (member.content.size_bytes < 2 || memcmp(member.content.bytes, "2.", 2) != 0)
		return error_set(err, STATUS_UNSUPPORTED, 0, "a Debian package of another format");
	struct deb deb = { 0 };
	while (deb.data.bytes == NULL) {
		status = ar_next(bytes, &off, &member, err);
		if (status == STATUS_NOT_FOUND)
			return error_set(err, STATUS_MALFORMED, off, "no %s member",
					 deb.control.bytes == NULL ? "control" : "data");
		if (status != STATUS_OK)
			return status;
		/* dpkg passes over members whose name starts with "_" */
		if (member.name[0] == '_')
			continue;
		if (deb.control.bytes == NULL && strncmp(member.name, "control.tar", 11) == 0)
			deb.control = member.content;
		else if (deb.control.bytes != NULL && strncmp(member.name, "data.tar", 8) == 0)
			deb.data = member.content;
		else
			return error_set(err, STATUS_MALFORMED, off, "member '%s' out of place",
					 member.name);
	}
	*out_deb = deb;
	return STATUS_OK;
}

struct control {
	struct arena *arena;
	const struct entry_sink *scripts;
	struct package *package;
	bool found;
};

const char *const deb_scripts[] = { "preinst", "postinst", "prerm", "postrm", "config", NULL };

static bool is_script(const char *path)
{
	for (size_t i = 0; deb_scripts[i] != NULL; i++)
		if (strcmp(path + 1, deb_scripts[i]) == 0)
			return true;
	return false;
}

static enum status take(void *context, const struct entry *entry, struct error *err)
{
	struct control *control = context;
	struct slice rest = entry->content;
	struct slice stanza;
	if (strcmp(entry->path, "/control") == 0 && control_next_stanza(&rest, &stanza))
		control->found = control_package(stanza, control->arena, control->package);
	if (control->scripts != NULL && is_script(entry->path))
		return control->scripts->take(control->scripts->context, entry, err);
	return STATUS_OK;
}

static bool wants_whole(void *context, const char *path)
{
	(void)context;
	return strcmp(path, "/control") == 0 || strcmp(path, "/postinst") == 0;
}

enum status deb_read_control(const struct deb *deb, struct arena *arena,
			     const struct entry_sink *scripts, struct package *out_package,
			     struct error *err)
{
	struct control control = { arena, scripts, out_package, false };
	struct problem_list problems = { .arena = arena };
	struct entry_sink sink = {
		.take = take, .context = &control, .whole = wants_whole, .problems = &problems
	};
	struct buffer buffer = { 0 };
	enum status status = tar_read(deb->control, &buffer, &sink, err);
	buffer_finish(&buffer);
	if (status == STATUS_OK && !control.found)
		return error_set(err, STATUS_MALFORMED, ERROR_NO_OFF,
				 "no control file with a package's name and version");
	return status == STATUS_OK ? STATUS_OK : error_add_context(err, "control member");
}
