#pragma once

#include "cli/command.h"

/* The command scan on packages, folders, images and systems. */
#define SURVEY_OPTIONS                                                                                 \
	{ 0,    "installed", VALUE_NONE,                                                               \
	  NULL, NULL,        "all packages that dpkg has installed here (or below --sysroot)" },       \
	    { 0, "apt", VALUE_NONE, NULL, NULL, "operands are names of packages, which apt fetches" }, \
	    { 0,    "dependencies", VALUE_NONE,                                                        \
	      NULL, NULL,           "with --apt: also fetch and analyse what they depend on" },        \
	    { 0,          "maintainer-scripts",                                                        \
	      VALUE_NONE, NULL,                                                                        \
	      NULL,       "also what packages run when they are installed and removed" },              \
	    { 0,                                                                                       \
	      "memory",                                                                                \
	      VALUE_NUMBER,                                                                            \
	      "MB",                                                                                    \
	      NULL,                                                                                    \
	      "for unpacked files at most; what does not fit is taken in parts (default: half)" },     \
	{                                                                                              \
		0, "shard", VALUE_TEXT, "I/N", NULL,                                                   \
		    "of the packages only part I of N, from 0; 'sysgap merge' joins the stores"        \
	}

/* Whether the operands or options ask for packages rather than programs. */
bool survey_asked(const struct arguments *arguments);

/* Runs it and describes the result; prints errors, returns an exit code. */
int survey_scan(const struct arguments *arguments);
