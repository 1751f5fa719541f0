#include "cli/package_links.h"

#include <stdlib.h>
#include <string.h>

#include "package/relation.h"

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

struct dependencies package_links(const struct stored_packages *stored, struct arena *arena,
				  size_t *out_outside)
{
	struct linking linking = { .arena = arena };
	list_providers(&linking, stored);
	linking.group_start = arena_alloc(arena, stored->package_count + 1, sizeof(size_t));
	for (size_t i = 0; i < stored->package_count; i++) {
		linking.group_start[i] = linking.group_count;
		link_package(&linking, &stored->packages[i].package);
	}
	linking.group_start[stored->package_count] = linking.group_count;
	add_group(&linking, linking.alternative_count); /* the end of the last */
	*out_outside = linking.outside;
	return (struct dependencies){ linking.group_start, linking.alternative_start,
				      linking.alternatives };
}
