#include "cli/packages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stored.h"
#include "metrics/completeness.h"
#include "metrics/importance.h"
#include "package/popcon.h"
#include "package/relation.h"
#include "package/version.h"
#include "shipped/shipped.h"
#include "syscalls/table.h"

enum { PACKAGES_TOP = 25, CURVE_SHOWN_STEP = 10, CURVE_SHOWN_MAX = 100 };

/* ---- loading ---- */

static int load_popularity(struct facts *facts, struct store *store, struct popularity *out)
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
	*out_packages = (struct packages){ .facts = facts };
	int code = stored_open(facts->arguments, STORE_READ, &store);
	if (code != EXIT_DONE || store == NULL)
		return code;
	if (store_load_packages(store, kind, &facts->arena, &out_packages->stored, &err) !=
	    STATUS_OK)
		code = stored_report(facts->arguments, &err);
	if (code == EXIT_DONE)
		code = load_popularity(facts, store, &out_packages->popularity);
	store_close(store);
	if (code == EXIT_DONE) {
		choose_rows(out_packages);
		weigh_rows(out_packages);
	}
	return code;
}

/* ---- matrices ---- */

/* Which syscall number is a stored API's column; SIZE_MAX: of another kind or architecture. */
static size_t column_of(const struct facts *facts, const struct api *api)
{
	return api->kind == API_SYSCALL && api->arch == facts->arch &&
		       api->number < SYSCALL_NUMBER_LIMIT
		   ? api->number
		   : SIZE_MAX;
}

/* row_of: the row of each stored package, or UINT32_MAX. */
static struct needs needs_of(const struct packages *packages, const uint32_t *row_of,
			     size_t row_count)
{
	const struct stored_packages *stored = &packages->stored;
	struct needs needs = needs_create(&packages->facts->arena, row_count, SYSCALL_NUMBER_LIMIT);
	const char *tier = argument_value(packages->facts->arguments, "tier");
	bool exact = tier != NULL && strcmp(tier, "exact") == 0;
	for (size_t i = 0; i < stored->use_count; i++) {
		const struct stored_use *use = &stored->uses[i];
		if (exact && use->certainty != CERTAINTY_EXACT)
			continue;
		size_t column = column_of(packages->facts, &stored->apis[use->api]);
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

static struct needs needs_of_rows(const struct packages *packages)
{
	uint32_t *row_of =
	    arena_alloc(&packages->facts->arena, packages->stored.package_count, sizeof(*row_of));
	memset(row_of, 0xff, packages->stored.package_count * sizeof(*row_of));
	for (uint32_t row = 0; row < packages->row_count; row++)
		row_of[packages->rows[row]] = row;
	return needs_of(packages, row_of, packages->row_count);
}

/* What is said instead of figures while nothing was surveyed. */
static void say_how_to_get_them(struct writer *writer)
{
	writer_section_begin(writer, "packages", "Packages");
	writer_bool(writer, "known", NULL, false);
	writer_note(writer, "note",
		    "no package data yet: 'sysgap scan --installed' analyses the programs of this "
		    "system, 'sysgap scan --apt NAME...' those of a package");
	writer_section_end(writer);
}

/* false: there is nothing to describe, be it after an error; *out_code says. */
static bool begin_section(struct facts *facts, struct packages *packages, struct writer *writer,
			  int *out_code)
{
	*out_code = packages_load(facts, API_SYSCALL, packages);
	if (*out_code != EXIT_DONE)
		return false;
	if (packages->row_count == 0) {
		say_how_to_get_them(writer);
		return false;
	}
	writer_section_begin(writer, "packages", "Packages");
	writer_bool(writer, "known", NULL, true);
	return true;
}

/* ---- dependencies: a row for every stored package, also for libraries ---- */

struct provider {
	const char *name;
	const char *version;
	uint32_t package;
};

static int compare_providers(const void *left, const void *right)
{
	const struct provider *a = left;
	const struct provider *b = right;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : (a->package > b->package) - (a->package < b->package);
}

struct linking {
	struct arena *arena;
	struct provider *providers; /* by name */
	size_t provider_count, provider_capacity;
	size_t *group_start, *alternative_start, *alternatives;
	size_t group_count, group_capacity, alternative_count, alternative_capacity;
	size_t outside; /* groups that nothing in the store could meet: not counted */
};

static void add_provider(struct linking *linking, struct provider provider)
{
	if (linking->provider_count == linking->provider_capacity)
		linking->providers =
		    arena_grow(linking->arena, linking->providers, linking->provider_count,
			       sizeof(*linking->providers), &linking->provider_capacity);
	linking->providers[linking->provider_count++] = provider;
}

static void list_providers(struct linking *linking, const struct stored_packages *stored)
{
	for (uint32_t i = 0; i < stored->package_count; i++) {
		const struct package *package = &stored->packages[i].package;
		size_t count;
		const struct relation *provided =
		    relations_parse(package->provides, linking->arena, &count);
		add_provider(linking, (struct provider){ package->name, package->version, i });
		for (size_t k = 0; k < count; k++)
			add_provider(linking,
				     (struct provider){ provided[k].name, provided[k].version, i });
	}
	if (linking->provider_count > 1)
		qsort(linking->providers, linking->provider_count, sizeof(*linking->providers),
		      compare_providers);
}

static size_t first_provider(const struct linking *linking, const char *name)
{
	size_t low = 0;
	for (size_t count = linking->provider_count; count > 0;) {
		size_t half = count / 2;
		if (strcmp(linking->providers[low + half].name, name) < 0) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

static void add_alternatives(struct linking *linking, const struct relation *relation)
{
	for (size_t i = first_provider(linking, relation->name);
	     i < linking->provider_count && strcmp(linking->providers[i].name, relation->name) == 0;
	     i++) {
		if (!relation_allows(relation, linking->providers[i].version))
			continue;
		if (linking->alternative_count == linking->alternative_capacity)
			linking->alternatives = arena_grow(
			    linking->arena, linking->alternatives, linking->alternative_count,
			    sizeof(size_t), &linking->alternative_capacity);
		linking->alternatives[linking->alternative_count++] = linking->providers[i].package;
	}
}

static void add_group(struct linking *linking, size_t alternative_start)
{
	if (linking->group_count == linking->group_capacity)
		linking->alternative_start =
		    arena_grow(linking->arena, linking->alternative_start, linking->group_count,
			       sizeof(size_t), &linking->group_capacity);
	linking->alternative_start[linking->group_count++] = alternative_start;
}

static void link_package(struct linking *linking, const struct package *package)
{
	size_t count;
	struct arena scratch = { 0 };
	const struct relation *relations = relations_parse(package->depends, &scratch, &count);
	for (size_t i = 0; i < count;) {
		size_t start = linking->alternative_count;
		bool last = false;
		for (; !last; i++) {
			last = relations[i].last;
			add_alternatives(linking, &relations[i]);
		}
		if (linking->alternative_count > start)
			add_group(linking, start);
		else
			linking->outside++;
	}
	arena_finish(&scratch);
}

static struct dependencies link_packages(struct linking *linking,
					 const struct stored_packages *stored)
{
	list_providers(linking, stored);
	linking->group_start =
	    arena_alloc(linking->arena, stored->package_count + 1, sizeof(size_t));
	for (size_t i = 0; i < stored->package_count; i++) {
		linking->group_start[i] = linking->group_count;
		link_package(linking, &stored->packages[i].package);
	}
	linking->group_start[stored->package_count] = linking->group_count;
	add_group(linking, linking->alternative_count); /* the end of the last */
	return (struct dependencies){ linking->group_start, linking->alternative_start,
				      linking->alternatives };
}

/* ---- completeness ---- */

/* Over the rows whose packages are supported. */
static struct completeness sum_up(const struct packages *packages, struct bitset supported_packages)
{
	struct completeness sum = { .of = packages->row_count };
	for (size_t row = 0; row < packages->row_count; row++) {
		bool supported = bitset_has(supported_packages, packages->rows[row]);
		sum.supported += supported;
		sum.supported_weight += supported ? packages->probabilities[row] : 0;
		sum.of_weight += packages->probabilities[row];
	}
	return sum;
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : NAN;
}

static void write_variant(const char *title, struct completeness plain, struct completeness closed,
			  struct writer *writer)
{
	writer_cell_text(writer, title);
	writer_cell_real(writer, percent(plain.supported_weight, plain.of_weight), 3);
	writer_cell_share(writer, plain.supported, plain.of);
	writer_cell_real(writer, percent(closed.supported_weight, closed.of_weight), 3);
	writer_cell_share(writer, closed.supported, closed.of);
}

static void write_completeness(const struct packages *packages, const struct needs *needs,
			       struct bitset implemented, struct bitset with_exclusions,
			       struct writer *writer)
{
	static const struct column columns[] = {
		{ "counted", "Counted", COLUMN_TEXT },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted_with_dependencies", "Weighted, dependencies too", COLUMN_NUMBER },
		{ "packages_with_dependencies", "Packages, dependencies too", COLUMN_SHARE },
	};
	const struct stored_packages *stored = &packages->stored;
	struct arena *arena = &packages->facts->arena;
	struct linking linking = { .arena = arena };
	struct dependencies dependencies = link_packages(&linking, stored);
	uint32_t *row_of = arena_alloc(arena, stored->package_count, sizeof(*row_of));
	for (uint32_t i = 0; i < stored->package_count; i++)
		row_of[i] = i;
	struct needs all = needs_of(packages, row_of, stored->package_count);
	struct bitset rows = bitset_create(arena, stored->package_count);
	const struct {
		const char *title;
		struct bitset supported;
	} variants[] = { { "all packages", implemented },
			 { "with excluded calls taken as implemented", with_exclusions } };
	writer_table_begin(writer, "completeness", "Completeness over packages", columns, 5, false);
	for (size_t i = 0; i < 2; i++) {
		struct completeness plain =
		    completeness_of(needs, packages->probabilities, variants[i].supported, NULL);
		completeness_rows(&all, variants[i].supported, &dependencies, rows);
		write_variant(variants[i].title, plain, sum_up(packages, rows), writer);
	}
	writer_table_end(writer);
	writer_integer(writer, "dependencies_outside",
		       linking.outside == 0 ? NULL
					    : "Dependencies on packages that were not surveyed",
		       (int64_t)linking.outside);
}

/* ---- by section or maintainer ---- */

struct slot {
	const char *name;
	struct completeness sum;
};

static int compare_slots(const void *left, const void *right)
{
	const struct slot *a = left;
	const struct slot *b = right;
	return strcmp(a->name, b->name);
}

static void write_by(const struct packages *packages, const struct needs *needs,
		     struct bitset implemented, const char *field, struct writer *writer)
{
	const struct column columns[] = {
		{ "name", strcmp(field, "section") == 0 ? "Section" : "Maintainer", COLUMN_TEXT },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
	};
	struct arena *arena = &packages->facts->arena;
	struct bitset supported = bitset_create(arena, packages->row_count);
	struct slot *slots = arena_alloc(arena, packages->row_count, sizeof(*slots));
	completeness_rows(needs, implemented, NULL, supported);
	for (size_t row = 0; row < packages->row_count; row++) {
		const struct package *package =
		    &packages->stored.packages[packages->rows[row]].package;
		const char *name =
		    strcmp(field, "section") == 0 ? package->section : package->maintainer;
		bool good = bitset_has(supported, row);
		double weight = packages->probabilities[row];
		slots[row] = (struct slot){ name == NULL ? "" : name,
					    { good, 0, 1, good ? weight : 0, weight } };
	}
	if (packages->row_count > 1)
		qsort(slots, packages->row_count, sizeof(*slots), compare_slots);
	writer_table_begin(writer, "by", "Packages supported, by group", columns, 3, false);
	for (size_t i = 0; i < packages->row_count;) {
		struct slot sum = { .name = slots[i].name };
		for (; i < packages->row_count && strcmp(slots[i].name, sum.name) == 0; i++) {
			sum.sum.supported += slots[i].sum.supported;
			sum.sum.of++;
			sum.sum.supported_weight += slots[i].sum.supported_weight;
			sum.sum.of_weight += slots[i].sum.of_weight;
		}
		writer_cell_text(writer, sum.name);
		writer_cell_share(writer, sum.sum.supported, sum.sum.of);
		writer_cell_real(writer, percent(sum.sum.supported_weight, sum.sum.of_weight), 1);
	}
	writer_table_end(writer);
}

/* ---- what is missing ---- */

static void write_missing(const struct packages *packages, const struct needs *needs,
			  struct bitset supported, const char *key, const char *title,
			  struct writer *writer)
{
	static const struct column columns[] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "packages", "Used in packages", COLUMN_NUMBER },
		{ "importance", "On systems, percent", COLUMN_NUMBER },
	};
	struct facts *facts = packages->facts;
	struct importance *importance =
	    arena_alloc(&facts->arena, needs->api_count, sizeof(*importance));
	size_t *order = arena_alloc(&facts->arena, needs->api_count, sizeof(*order));
	uint64_t top = PACKAGES_TOP;
	const char *given = argument_value(facts->arguments, "top");
	importance_of(needs, packages->probabilities, importance);
	size_t count = importance_order(importance, needs->api_count, supported, order);
	if (given != NULL)
		(void)slice_parse_uint(slice_of_string(given), 10, &top);
	size_t shown = top == 0 || top > count ? count : (size_t)top;
	writer_table_begin(writer, key, title, columns, 3, false);
	for (size_t i = 0; i < shown; i++) {
		writer_cell_text(writer, facts_syscall_name(facts, (uint32_t)order[i]));
		writer_cell_integer(writer, (int64_t)importance[order[i]].users);
		writer_cell_real(writer, 100 * importance[order[i]].probability, 2);
	}
	writer_table_end(writer);
}

static void write_curve(const struct packages *packages, const struct needs *needs,
			struct bitset supported, struct writer *writer)
{
	static const struct column columns[] = {
		{ "calls", "Next calls", COLUMN_NUMBER },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
	};
	struct arena *arena = &packages->facts->arena;
	struct importance *importance = arena_alloc(arena, needs->api_count, sizeof(*importance));
	size_t *order = arena_alloc(arena, needs->api_count, sizeof(*order));
	importance_of(needs, packages->probabilities, importance);
	size_t count = importance_order(importance, needs->api_count, supported, order);
	struct completeness *points = arena_alloc(arena, count + 1, sizeof(*points));
	completeness_curve(needs, packages->probabilities, supported, order, count, points);
	writer_table_begin(writer, "growth", "Completeness after the most important calls", columns,
			   3, false);
	for (size_t k = 0; k <= count && k <= CURVE_SHOWN_MAX; k++) {
		if (k % CURVE_SHOWN_STEP != 0 && k != count)
			continue;
		writer_cell_integer(writer, (int64_t)k);
		writer_cell_real(writer, percent(points[k].supported_weight, points[k].of_weight),
				 3);
		writer_cell_share(writer, points[k].supported, points[k].of);
	}
	writer_table_end(writer);
}

/* ---- status ---- */

static void write_basis(const struct packages *packages, const struct needs *needs,
			struct writer *writer)
{
	const struct popularity *popularity = &packages->popularity;
	writer_integer(writer, "surveyed", "Packages surveyed",
		       (int64_t)packages->stored.package_count);
	writer_integer(writer, "counted", "With programs or scripts, which count",
		       (int64_t)packages->row_count);
	writer_integer(writer, "unknown", "Of these not wholly analysed, never supported",
		       (int64_t)bitset_size(needs->unknown));
	writer_text(writer, "popularity", "Popularity", popularity->source.title);
	writer_text(writer, "popularity_version", "Its date", popularity->source.version);
	writer_bool(writer, "popularity_is_estimate", "It is an estimate, not counts",
		    popularity->estimate);
	writer_integer(writer, "unlisted", "Packages it does not list, without weight",
		       (int64_t)packages->unlisted_count);
}

int packages_describe_status(const struct selection *selection, const struct layer *layer,
			     struct writer *writer)
{
	struct packages packages;
	int code;
	if (!begin_section(selection->facts, &packages, writer, &code))
		return code;
	struct needs needs = needs_of_rows(&packages);
	struct bitset implemented = selection_implemented(selection, layer);
	struct bitset supported = selection_supported(selection, layer);
	const char *by = argument_value(selection->facts->arguments, "by");
	write_basis(&packages, &needs, writer);
	write_completeness(&packages, &needs, implemented, supported, writer);
	write_missing(&packages, &needs, implemented, "missing", "Missing, most important first",
		      writer);
	write_missing(&packages, &needs, supported, "missing_with_exclusions",
		      "Missing, without the excluded calls", writer);
	write_curve(&packages, &needs, implemented, writer);
	if (by != NULL)
		write_by(&packages, &needs, implemented, by, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}

/* Every layer over the same packages, whose number and weight stand above. */
static void write_comparison(const struct packages *packages, const struct needs *needs,
			     const struct selection *selection, const struct layer *const *layers,
			     size_t count, struct writer *writer)
{
	static const struct column columns[] = {
		{ "layer", "Layer", COLUMN_TEXT },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted_with_exclusions", "Weighted, with exclusions", COLUMN_NUMBER },
		{ "packages_with_exclusions", NULL, COLUMN_SHARE },
	};
	struct arena *arena = &packages->facts->arena;
	writer_table_begin(writer, "layers", "Completeness over packages", columns, 5, false);
	for (size_t i = 0; i < count; i++) {
		struct completeness all =
		    completeness_of(needs, packages->probabilities,
				    selection_implemented(selection, layers[i]), NULL);
		struct completeness kept =
		    completeness_of(needs, packages->probabilities,
				    selection_supported(selection, layers[i]), NULL);
		write_variant(layer_key(arena, layers[i]), all, kept, writer);
	}
	writer_table_end(writer);
}

int packages_describe_comparison(const struct selection *selection,
				 const struct layer *const *layers, size_t count,
				 struct writer *writer)
{
	struct packages packages;
	int code;
	if (!begin_section(selection->facts, &packages, writer, &code))
		return code;
	struct needs needs = needs_of_rows(&packages);
	write_basis(&packages, &needs, writer);
	write_comparison(&packages, &needs, selection, layers, count, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}

/* ---- users ---- */

struct popular_user {
	const struct api_user *user;
	double probability; /* -1: not listed */
};

static int compare_popular(const void *left, const void *right)
{
	const struct popular_user *a = left;
	const struct popular_user *b = right;
	if (a->probability != b->probability)
		return a->probability > b->probability ? -1 : 1;
	int order = strcmp(a->user->package, b->user->package);
	return order != 0 ? order : strcmp(a->user->version, b->user->version);
}

static void write_users(const struct popular_user *users, size_t count, bool main,
			struct writer *writer)
{
	static const struct column columns[] = {
		{ "package", "Package", COLUMN_TEXT },
		{ "version", "Version", COLUMN_TEXT },
		{ "installed", "Installed on, percent", COLUMN_NUMBER },
		{ "certainty", "Certainty", COLUMN_TEXT },
		{ "program", "By way of", COLUMN_TEXT },
		{ "chain", "Calls", COLUMN_TEXT },
	};
	writer_table_begin(writer, "users", "Packages that can use it, most installed first",
			   columns, 6, main);
	for (size_t i = 0; i < count; i++) {
		const struct api_user *user = users[i].user;
		writer_cell_text(writer, user->package);
		writer_cell_text(writer, user->version);
		writer_cell_real(writer,
				 users[i].probability < 0 ? NAN : 100 * users[i].probability, 2);
		writer_cell_text(writer, certainty_name(user->certainty));
		writer_cell_text(writer, user->program);
		writer_cell_text(writer, user->chain);
	}
	writer_table_end(writer);
}

static int find_users(struct facts *facts, const struct api *api, const struct api_user **out_users,
		      size_t *out_count, struct popularity *out_popularity)
{
	struct store *store;
	struct error err;
	*out_count = 0;
	int code = stored_open(facts->arguments, STORE_READ, &store);
	if (code != EXIT_DONE || store == NULL)
		return code;
	if (store_find_users(store, api, &facts->arena, out_users, out_count, &err) != STATUS_OK)
		code = stored_report(facts->arguments, &err);
	if (code == EXIT_DONE)
		code = load_popularity(facts, store, out_popularity);
	store_close(store);
	return code;
}

int packages_describe_users(struct facts *facts, const struct api *api, bool main,
			    struct writer *writer)
{
	struct packages packages;
	const struct api_user *users = NULL;
	struct popularity popularity = { 0 };
	size_t count;
	int code;
	if (!begin_section(facts, &packages, writer, &code))
		return code;
	code = find_users(facts, api, &users, &count, &popularity);
	if (code != EXIT_DONE)
		return code;
	struct popular_user *popular = arena_alloc(&facts->arena, count, sizeof(*popular));
	for (size_t i = 0; i < count; i++)
		popular[i] = (struct popular_user){ &users[i],
						    popularity_of(&popularity, users[i].package) };
	if (count > 1)
		qsort(popular, count, sizeof(*popular), compare_popular);
	writer_integer(writer, "used", NULL, (int64_t)count);
	writer_share(writer, NULL, "Packages that can use it", count, packages.row_count);
	writer_integer(writer, "of_packages", NULL, (int64_t)packages.row_count);
	writer_text(writer, "popularity", "Popularity", popularity.source.title);
	writer_bool(writer, "popularity_is_estimate", "It is an estimate, not counts",
		    popularity.estimate);
	write_users(popular, count, main, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}

bool packages_parse_api(const struct facts *facts, const char *word, struct api *out_api)
{
	static const char function[] = "libc:";
	struct api api = { .arch = facts->arch, .name = "" };
	const char *colon = strchr(word, ':');
	if (word[0] == '/') {
		api.kind = API_FILE;
		api.name = word;
	} else if (strncmp(word, function, sizeof(function) - 1) == 0) {
		api.kind = API_FUNCTION;
		api.name = word + sizeof(function) - 1;
	} else if (colon != NULL) {
		struct slice call = { (const uint8_t *)word, (size_t)(colon - word) };
		bool hexadecimal = strncmp(colon + 1, "0x", 2) == 0;
		struct slice value = slice_of_string(colon + (hexadecimal ? 3 : 1));
		api.kind = API_OPERATION;
		if (!syscall_number_of(facts->arch, call, &api.number) ||
		    !slice_parse_uint(value, hexadecimal ? 16 : 10, &api.value))
			return false;
	} else {
		return false;
	}
	*out_api = api;
	return true;
}
