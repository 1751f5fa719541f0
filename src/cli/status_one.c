/* One layer: completeness, what is missing and who needs it, the support plan, the curves. */
#include "cli/curves.h"
#include "cli/packages.h"
#include "cli/planning.h"
#include "cli/status.h"
#include "syscalls/table.h"

/* ---- completeness ---- */

static void describe_variant(struct facts *facts, const char *title, struct workload_set workloads,
			     struct bitset supported, struct writer *writer)
{
	struct completeness plain = status_completeness(facts, workloads, supported, NEEDS_STUBS);
	struct completeness faking =
	    status_completeness(facts, workloads, supported, NEEDS_STUBS_FAKES);
	writer_cell_text(writer, title);
	writer_cell_share(writer, plain.supported, plain.of);
	writer_cell_share(writer, faking.supported, faking.of);
}

/* With and without the exclusions, the one of workloads and the one of calls apart. */
static void describe_completeness(const struct selection *selection, const struct layer *layer,
				  struct writer *writer)
{
	static const struct column columns[] = {
		{ "counted", "Counted", COLUMN_TEXT },
		{ "completeness", "Completeness", COLUMN_SHARE },
		{ "completeness_fake_ok", "When faking counts", COLUMN_SHARE },
	};
	struct facts *facts = selection->facts;
	struct bitset implemented = selection_implemented(selection, layer);
	writer_table_begin(writer, "completeness", "Completeness", columns, 3, false);
	describe_variant(facts, "all workloads", selection->all, implemented, writer);
	if (selection->excluded_workload_count > 0)
		describe_variant(facts, "without excluded workloads", selection->kept, implemented,
				 writer);
	if (bitset_size(selection->excluded_calls) > 0)
		describe_variant(facts, "with all exclusions", selection->kept,
				 selection_supported(selection, layer), writer);
	writer_table_end(writer);
	writer_note(
	    writer, NULL,
	    "Completeness is the share of workloads whose every call is implemented or may "
	    "return ENOSYS; when faking counts, it may also return 0 without doing anything.");
	status_note_few_lacks(selection, layer, writer);
	size_t unknown =
	    status_completeness(facts, selection->all, implemented, NEEDS_STUBS).unknown;
	writer_integer(writer, "unknown_workloads",
		       unknown == 0 ? NULL : "Workloads with unknown needs, not supported",
		       (int64_t)unknown);
	selection_describe_exclusions(selection, writer);
}

/* ---- what is missing ---- */

/* One list for each row of the completeness. */
static void describe_missing(const struct selection *selection, const struct layer *layer,
			     struct writer *writer)
{
	struct bitset implemented = selection_implemented(selection, layer);
	struct bitset supported = selection_supported(selection, layer);
	const struct {
		const char *key;
		const char *title;
		bool differs;
		struct workload_set workloads;
		struct bitset supported;
	} lists[] = {
		{ "missing", "Missing syscalls, all workloads", true, selection->all, implemented },
		{ "missing_without_excluded_workloads",
		  "Missing syscalls, without excluded workloads",
		  selection->excluded_workload_count > 0, selection->kept, implemented },
		{ "missing_with_exclusions", "Missing syscalls, with all exclusions",
		  bitset_size(selection->excluded_calls) > 0, selection->kept, supported },
	};
	for (size_t i = 0; i < 3; i++) {
		if (!lists[i].differs)
			continue;
		struct missing_list list =
		    missing_list_make(selection->facts, lists[i].workloads, lists[i].supported);
		writer_section_begin(writer, lists[i].key, lists[i].title);
		if (i == 0)
			writer_note(
			    writer, NULL,
			    "A workload is named by its application, a test suite by "
			    "APPLICATION-suite; 'sysgap users SYSCALL' names them in full.");
		missing_list_describe_count(&list, lists[i].workloads, writer);
		missing_list_describe(selection->facts, &list, layer, i == 0, writer);
		writer_section_end(writer);
	}
}

/* ---- all of it ---- */

static int describe_curves(const struct selection *selection, const struct layer *layer,
			   const struct planning *planning, struct writer *writer)
{
	struct facts *facts = selection->facts;
	struct workload_set workloads = selection->kept;
	struct bitset supported = selection_implemented(selection, layer);
	struct needs stubs = needs_of_workloads(&facts->arena, workloads.workloads, workloads.count,
						SYSCALL_NUMBER_LIMIT, NEEDS_STUBS);
	struct needs fakes = needs_of_workloads(&facts->arena, workloads.workloads, workloads.count,
						SYSCALL_NUMBER_LIMIT, NEEDS_STUBS_FAKES);
	size_t count;
	const size_t *order = planning_order(planning, &count);
	struct curve curves[] = {
		{ .key = "by_need", .title = "Most needed first" },
		{ .key = "by_plan", .title = "As planned", .order = order, .order_count = count },
		{ .key = "by_plan_fake_ok",
		  .title = "As planned, faking counts",
		  .order = order,
		  .order_count = count },
	};
	curve_compute_by_need(facts, &stubs, supported, &curves[0]);
	curve_compute(facts, &stubs, supported, &curves[1]);
	curve_compute(facts, &fakes, supported, &curves[2]);
	const char *title = layer_key(&facts->arena, layer);
	writer_section_begin(writer, "growth", "Completeness after the next calls");
	int code = curves_draw(facts, curves, 3, arena_printf(&facts->arena, "%s-curves", title),
			       arena_printf(&facts->arena, "Completeness of %s over %zu workloads",
					    title, workloads.count),
			       writer);
	curves_describe(facts, curves, 3, "Order", writer);
	writer_section_end(writer);
	return code;
}

int status_describe_one(const struct selection *selection, const struct layer *layer,
			struct writer *writer)
{
	struct planning planning;
	int code = planning_make(selection, layer, &planning);
	if (code != EXIT_DONE)
		return code;
	selection_describe_layer(selection, layer, writer);
	describe_completeness(selection, layer, writer);
	selection_describe_levels(selection, layer, writer);
	code = describe_curves(selection, layer, &planning, writer);
	describe_missing(selection, layer, writer);
	writer_section_begin(writer, "plan", "Support plan");
	planning_describe(&planning, writer, false);
	writer_section_end(writer);
	if (code == EXIT_DONE)
		code = packages_describe_status(selection, layer, writer);
	return code;
}
