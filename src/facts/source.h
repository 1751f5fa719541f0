#pragma once

/* Where a fact comes from; every fact refers to one. All strings borrowed from its owner. */
struct source {
	const char *title;   /* "Loupe database", "gramine libos/src/arch/x86_64/…" */
	const char *version; /* revision, tag or date of what was read */
	const char *licence; /* SPDX expression or a short statement */
	const char *url;     /* NULL when none */
};
