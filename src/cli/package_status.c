#include "cli/package_tables.h"

int packages_describe_status(const struct selection *selection, const struct layer *layer,
			     struct writer *writer)
{
	static const struct package_list missing = { "missing", "Missing, most important first",
						     "syscall", "Syscall", false };
	static const struct package_list missing_with_exclusions = {
		"missing_with_exclusions", "Missing, without the excluded calls", "syscall",
		"Syscall", false
	};
	struct packages packages;
	int code;
	if (!packages_begin_section(selection->facts, &packages, writer, &code))
		return code;
	struct needs needs = packages_needs_of_rows(&packages);
	struct bitset implemented = selection_implemented(selection, layer);
	struct bitset supported = selection_supported(selection, layer);
	const struct package_variant variants[] = {
		{ "all packages", implemented },
		{ "with excluded calls taken as implemented", supported },
	};
	const char *by = argument_value(selection->facts->arguments, "by");
	package_tables_basis(&packages, &needs, writer);
	package_tables_completeness(&packages, &needs, variants, 2, writer);
	package_tables_important(&packages, &needs, implemented, &missing, writer);
	package_tables_important(&packages, &needs, supported, &missing_with_exclusions, writer);
	package_tables_curve(&packages, &needs, implemented, writer);
	if (by != NULL)
		package_tables_by(&packages, &needs, implemented, by, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}

int packages_describe_comparison(const struct selection *selection,
				 const struct layer *const *layers, size_t count,
				 struct writer *writer)
{
	struct packages packages;
	int code;
	if (!packages_begin_section(selection->facts, &packages, writer, &code))
		return code;
	struct needs needs = packages_needs_of_rows(&packages);
	struct arena *arena = &selection->facts->arena;
	struct package_layer *compared = arena_alloc(arena, count, sizeof(*compared));
	for (size_t i = 0; i < count; i++)
		compared[i] = (struct package_layer){ layer_key(arena, layers[i]),
						      selection_implemented(selection, layers[i]),
						      selection_supported(selection, layers[i]) };
	package_tables_basis(&packages, &needs, writer);
	package_tables_layers(&packages, &needs, compared, count, writer);
	writer_section_end(writer);
	return EXIT_DONE;
}
