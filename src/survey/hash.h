#pragma once

#include <nettle/sha2.h>
#include <string.h>

/* A text with its end, so that two that follow each other are not one; NULL as an empty one. */
static inline void hash_text(struct sha256_ctx *sha, const char *text)
{
	const char *some = text == NULL ? "" : text;
	sha256_update(sha, strlen(some) + 1, (const uint8_t *)some);
}
