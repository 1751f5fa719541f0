#pragma once

#include "scan/closure.h"

/*
 * Loads what the program and its libraries load by configuration rather than by name, and makes
 * live what is called in it. True when something was added, so that it is to be asked again.
 */
bool plugins_load(struct closure *closure);

/* Whether what a file opens at run time is known, by its file name. */
bool plugins_are_known(const char *path);

/*
 * Whether a function of a name service is called, given what of libc is live: libc makes both the
 * file name ("libnss_%s.so.2") and the function name ("_nss_%s_%s"), the latter with the name of its
 * own function.
 *
 * function   what follows "_nss_NAME_"
 * source     nsswitch.conf(5), glibc nss/nss_module.c
 */
bool plugins_nss_wanted(const struct closure *closure, size_t libc, const char *function);
