#pragma once

#include "cli/command.h"
#include "survey/survey.h"

/* What a survey is of: from operands and options to inputs. */
struct survey_inputs {
	struct arena arena; /* owned; everything below lives in it */
	struct problem_list problems;
	struct input *inputs;
	size_t count, capacity;
	const char *root;  /* of the disk they lie on; NULL: packages in files */
	const char *title; /* of the source */
	bool replace;
	const char *scratch; /* a folder to be removed; NULL: none */
};

/* Prints errors; survey_inputs_close is due also after a failure. */
int survey_inputs_open(const struct arguments *arguments, struct survey_inputs *out_inputs);
void survey_inputs_close(struct survey_inputs *inputs);

/* Whether a path is read as packages: a folder, a .deb, a tar or an image. */
bool survey_inputs_is_package(const char *path);
