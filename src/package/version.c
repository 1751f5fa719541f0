#include "package/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

static bool is_letter(char letter)
{
	return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

/* A part of a version: epoch, upstream version or revision. */
struct part {
	const char *at;
	const char *end;
};

/* Tilde before the end, the end and digits before letters, letters before the rest. */
static int rank(const struct part *part)
{
	if (part->at == part->end || is_digit(*part->at))
		return 0;
	if (*part->at == '~')
		return -1;
	return is_letter(*part->at) ? *part->at : (unsigned char)*part->at + 256;
}

static bool in_text(const struct part *part)
{
	return part->at < part->end && !is_digit(*part->at);
}

static int compare_texts(struct part *a, struct part *b)
{
	while (in_text(a) || in_text(b)) {
		int order = rank(a) - rank(b);
		if (order != 0)
			return order;
		a->at++; /* equal ranks: neither is at its end */
		b->at++;
	}
	return 0;
}

static void skip_zeros(struct part *part)
{
	while (part->at < part->end && *part->at == '0')
		part->at++;
}

/* Numbers of any length: without leading zeros the longer is the larger. */
static int compare_numbers(struct part *a, struct part *b)
{
	int first = 0;
	skip_zeros(a);
	skip_zeros(b);
	for (;;) {
		bool more_a = a->at < a->end && is_digit(*a->at);
		bool more_b = b->at < b->end && is_digit(*b->at);
		if (!more_a || !more_b)
			return more_a != more_b ? (more_a ? 1 : -1) : first;
		if (first == 0)
			first = *a->at - *b->at;
		a->at++;
		b->at++;
	}
}

static int compare_parts(struct part a, struct part b)
{
	while (a.at < a.end || b.at < b.end) {
		int order = compare_texts(&a, &b);
		if (order == 0)
			order = compare_numbers(&a, &b);
		if (order != 0)
			return order;
	}
	return 0;
}

struct version {
	struct part epoch, upstream, revision;
};

static struct version split(const char *text)
{
	const char *end = text + strlen(text);
	const char *colon = strchr(text, ':');
	const char *start = colon == NULL ? text : colon + 1;
	const char *dash = strrchr(start, '-');
	return (struct version){
		.epoch = { text, colon == NULL ? text : colon },
		.upstream = { start, dash == NULL ? end : dash },
		.revision = { dash == NULL ? end : dash + 1, end },
	};
}

int version_compare(const char *left, const char *right)
{
	struct version a = split(left);
	struct version b = split(right);
	int order = compare_parts(a.epoch, b.epoch);
	if (order == 0)
		order = compare_parts(a.upstream, b.upstream);
	return order != 0 ? order : compare_parts(a.revision, b.revision);
}
