#pragma once

#include "scan/closure.h"

/*
 * Loads what the program and its libraries load by configuration rather than by name, and makes
 * live what is called in it. True when something was added, so that it is to be asked again.
 */
bool plugins_load(struct closure *closure);
