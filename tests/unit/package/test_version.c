#include "../check.h"

#include "package/version.h"

/* Pairs from deb-version(7) and from what dpkg --compare-versions says. */
static void orders_versions_as_dpkg_does(void **state)
{
	static const struct {
		const char *left, *right;
		int order;
	} pairs[] = {
		{ "1.0", "1.0", 0 },
		{ "1.0", "1.1", -1 },
		{ "1.10", "1.9", 1 },
		{ "1.0~rc1", "1.0", -1 },
		{ "1.0~~", "1.0~", -1 },
		{ "1.0~~a", "1.0~", -1 },
		{ "1:0.1", "2.0", 1 },
		{ "0:1", "1", 0 },
		{ "1.0-1", "1.0", 1 },
		{ "1.0-0", "1.0", 0 },
		{ "1.0+b1", "1.0", 1 },
		{ "1.0a", "1.0+", -1 },
		{ "2.36-9+deb12u10", "2.36-9+deb12u9", 1 },
		{ "00012", "12", 0 },
		{ "1.2.3", "1.2-3", 1 },
		{ "1a", "1.", -1 },
		{ "", "0", 0 },
		{ "99999999999999999999999", "99999999999999999999998", 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		int order = version_compare(pairs[i].left, pairs[i].right);
		int back = version_compare(pairs[i].right, pairs[i].left);
		if ((order > 0) - (order < 0) != pairs[i].order ||
		    (back > 0) - (back < 0) != -pairs[i].order)
			fail_msg("%s, %s: %d and back %d, not %d", pairs[i].left, pairs[i].right,
				 order, back, pairs[i].order);
	}
}

RUN_TESTS(cmocka_unit_test(orders_versions_as_dpkg_does))
