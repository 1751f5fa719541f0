#include "cli/packages.h"

#include <string.h>

#include "cli/stored.h"
#include "package/popcon.h"
#include "package/version.h"
#include "shipped/shipped.h"
#include "syscalls/operations.h"
#include "syscalls/table.h"

/* ---- loading ---- */

int packages_load_popularity(struct facts *facts, struct store *store, struct popularity *out)
{
	static const char path[] = "popularity/debian-estimate.popularity";
	struct error err;
	enum status status = store_load_popularity(store, &facts->arena, out, &err);
	if (status == STATUS_NOT_FOUND)
		status = popcon_parse(shipped_find(path)->content, path, POPCON_SUBMISSIONS,
				      &facts->problems, out, &err);
	return status == STATUS_OK ? EXIT_DONE : stored_report(facts->arguments, &err);
}

static bool has_needs(const struct package_facts *package)
{
	return package->state == PACKAGE_PROGRAMS || package->state == PACKAGE_SCRIPTS ||
	       package->state == PACKAGE_PARTLY;
}

/* Packages are sorted by name: of those of one name the latest version that has needs. */
static void choose_rows(struct packages *packages)
{
	const struct stored_packages *stored = &packages->stored;
	packages->rows =
	    arena_alloc(&packages->facts->arena, stored->package_count, sizeof(*packages->rows));
	for (uint32_t i = 0; i < stored->package_count; i++) {
		const struct package_facts *package = &stored->packages[i];
		if (!has_needs(package))
			continue;
		const struct package_facts *last =
		    packages->row_count == 0
			? NULL
			: &stored->packages[packages->rows[packages->row_count - 1]];
		if (last == NULL || strcmp(last->package.name, package->package.name) != 0)
			packages->rows[packages->row_count++] = i;
		else if (version_compare(package->package.version, last->package.version) > 0)
			packages->rows[packages->row_count - 1] = i;
	}
}

static void weigh_rows(struct packages *packages)
{
	packages->probabilities = arena_alloc(&packages->facts->arena, packages->row_count,
					      sizeof(*packages->probabilities));
	for (size_t row = 0; row < packages->row_count; row++) {
		const char *name = packages->stored.packages[packages->rows[row]].package.name;
		double probability = popularity_of(&packages->popularity, name);
		packages->unlisted_count += probability < 0;
		packages->probabilities[row] = probability < 0 ? 0 : probability;
	}
}

int packages_load(struct facts *facts, enum api_kind kind, struct packages *out_packages)
{
	struct store *store;
	struct error err;
	*out_packages = (struct packages){ .facts = facts, .kind = kind };
	int code = stored_open(facts->arguments, STORE_READ, &store);
	if (code != EXIT_DONE || store == NULL)
		return code;
	if (store_load_packages(store, kind, &facts->arena, &out_packages->stored, &err) !=
	    STATUS_OK)
		code = stored_report(facts->arguments, &err);
	if (code == EXIT_DONE)
		code = packages_load_popularity(facts, store, &out_packages->popularity);
	store_close(store);
	if (code == EXIT_DONE) {
		choose_rows(out_packages);
		weigh_rows(out_packages);
	}
	return code;
}

/* ---- matrices ---- */

/* The column of a stored API; SIZE_MAX: it is of another kind or architecture. */
static size_t column_of(const struct packages *packages, uint32_t index)
{
	const struct api *api = &packages->stored.apis[index];
	if (api->kind != packages->kind || api->arch != packages->facts->arch)
		return SIZE_MAX;
	if (packages->kind != API_SYSCALL)
		return index;
	return api->number < SYSCALL_NUMBER_LIMIT ? api->number : SIZE_MAX;
}

struct needs packages_needs(const struct packages *packages, const uint32_t *row_of,
			    size_t row_count)
{
	const struct stored_packages *stored = &packages->stored;
	struct needs needs =
	    needs_create(&packages->facts->arena, row_count,
			 packages->kind == API_SYSCALL ? SYSCALL_NUMBER_LIMIT : stored->api_count);
	const char *tier = argument_value(packages->facts->arguments, "tier");
	enum certainty last =
	    tier == NULL ? CERTAINTY_PLUGIN : (enum certainty)certainty_from_name(tier);
	for (size_t i = 0; i < stored->use_count; i++) {
		const struct stored_use *use = &stored->uses[i];
		if (use->certainty > last)
			continue;
		size_t column = column_of(packages, use->api);
		uint32_t row = row_of[use->package];
		if (row == UINT32_MAX || column == SIZE_MAX)
			continue;
		struct bitset set = needs_row(&needs, row);
		bitset_add(set, column);
	}
	for (uint32_t i = 0; i < stored->package_count; i++) {
		const struct package_facts *package = &stored->packages[i];
		if (row_of[i] != UINT32_MAX &&
		    (package->state == PACKAGE_PARTLY || package->unresolved_count > 0))
			bitset_add(needs.unknown, row_of[i]);
	}
	return needs;
}

struct needs packages_needs_of_rows(const struct packages *packages)
{
	uint32_t *row_of =
	    arena_alloc(&packages->facts->arena, packages->stored.package_count, sizeof(*row_of));
	memset(row_of, 0xff, packages->stored.package_count * sizeof(*row_of));
	for (uint32_t row = 0; row < packages->row_count; row++)
		row_of[packages->rows[row]] = row;
	return packages_needs(packages, row_of, packages->row_count);
}

/* ---- the section of a result ---- */

void packages_say_unknown(struct writer *writer)
{
	writer_bool(writer, "known", NULL, false);
	writer_note(writer, "note",
		    "no package data yet: 'sysgap scan --installed' analyses the programs of this "
		    "system, 'sysgap scan --apt NAME...' those of a package");
}

bool packages_begin_section(struct facts *facts, struct packages *packages, struct writer *writer,
			    int *out_code)
{
	*out_code = packages_load(facts, API_SYSCALL, packages);
	if (*out_code != EXIT_DONE)
		return false;
	writer_section_begin(writer, "packages", "Packages");
	if (packages->row_count == 0) {
		packages_say_unknown(writer);
		writer_section_end(writer);
		return false;
	}
	writer_bool(writer, "known", NULL, true);
	return true;
}

/* ---- names ---- */

const char *packages_operation_name(struct facts *facts, const struct api *api)
{
	char buffer[SYSCALL_NAME_BYTES];
	return arena_printf(
	    &facts->arena, "%s:%s", syscall_name(api->arch, api->number, buffer),
	    operation_name(api->arch, api->number, OPERATION_SELECTOR, api->value, &facts->arena));
}

const char *packages_api_name(const struct packages *packages, size_t column)
{
	struct facts *facts = packages->facts;
	if (packages->kind == API_SYSCALL)
		return facts_syscall_name(facts, (uint32_t)column);
	const struct api *api = &packages->stored.apis[column];
	if (api->kind == API_OPERATION)
		return packages_operation_name(facts, api);
	return api->kind == API_FUNCTION ? arena_printf(&facts->arena, "libc:%s", api->name)
					 : api->name;
}

const char *packages_value(const struct packages *packages, size_t column)
{
	return arena_printf(&packages->facts->arena, "%#jx",
			    (uintmax_t)packages->stored.apis[column].value);
}

bool packages_parse_api(const struct facts *facts, const char *word, struct api *out_api)
{
	static const char function[] = "libc:";
	struct api api = { .arch = facts->arch, .name = "" };
	const char *colon = strchr(word, ':');
	if (syscall_number_of(facts->arch, slice_of_string(word), &api.number)) {
		api.kind = API_SYSCALL;
	} else if (word[0] == '/') {
		api.kind = API_FILE;
		api.name = word;
	} else if (strncmp(word, function, sizeof(function) - 1) == 0) {
		api.kind = API_FUNCTION;
		api.name = word + sizeof(function) - 1;
	} else if (colon != NULL) {
		struct slice call = { (const uint8_t *)word, (size_t)(colon - word) };
		api.kind = API_OPERATION;
		if (!syscall_number_of(facts->arch, call, &api.number) ||
		    !operation_value_of(facts->arch, api.number, OPERATION_SELECTOR,
					slice_of_string(colon + 1), &api.value))
			return false;
	} else {
		return false;
	}
	*out_api = api;
	return true;
}

size_t packages_find_api(const struct packages *packages, const struct api *api)
{
	const struct stored_packages *stored = &packages->stored;
	size_t low = 0;
	if (api->kind != packages->kind)
		return SIZE_MAX;
	if (api->kind == API_SYSCALL)
		return api->number < SYSCALL_NUMBER_LIMIT ? api->number : SIZE_MAX;
	for (size_t count = stored->api_count; count > 0;) {
		size_t half = count / 2;
		int order = api_compare(&stored->apis[low + half], api);
		if (order == 0)
			return low + half;
		low += order < 0 ? half + 1 : 0;
		count = order < 0 ? count - half - 1 : half;
	}
	return SIZE_MAX;
}
