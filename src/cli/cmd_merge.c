/* sysgap merge: what other stores know of packages -> the store. */
#include "cli/output.h"
#include "cli/stored.h"
#include "store/package.h"

static int merge_one(struct store *store, const char *path, const struct arguments *arguments)
{
	struct store *other;
	struct error err;
	if (store_open(path, STORE_READ, &other, &err) != STATUS_OK)
		return report_error(path, &err);
	enum status status = store_merge(store, other, &err);
	store_close(other);
	return status == STATUS_OK ? EXIT_DONE : stored_report(arguments, &err);
}

static int run_merge(const struct arguments *arguments)
{
	struct store *store;
	int code = stored_open(arguments, STORE_WRITE, &store);
	if (code != EXIT_DONE)
		return code;
	for (size_t i = 0; i < arguments->operand_count && code == EXIT_DONE; i++)
		code = merge_one(store, arguments->operands[i], arguments);
	store_close(store);
	return code;
}

static const struct example examples[] = {
	{ "merge --db all.db shard-0.db shard-1.db", "the shards of one survey" },
	{ 0 },
};

const struct command cmd_merge = {
	.name = "merge",
	.usage = "STORE…",
	.summary = "join what several stores know of packages",
	.details =
	    "Takes packages, what they use, what a survey keeps to do nothing twice, and "
	    "popularity "
	    "from other stores into the one that --db names. A package of the same source, name, "
	    "version and architecture takes the place of the one that is there. The stores of all "
	    "shards of a survey together export what one run would.",
	.examples = examples,
	.operand_kind = VALUE_FILE,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run_merge,
};
