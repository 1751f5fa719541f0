#pragma once

/*
 * Which of two Debian versions is the later: negative, 0, positive.
 * Source: deb-version(7), "Sorting algorithm". Strings that are no versions have an order, too.
 */
int version_compare(const char *left, const char *right);
