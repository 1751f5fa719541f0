#pragma once

#include <stdint.h>

#include "explore/observer_abi.h"

/* Which arguments of a call are worth recording; zeroed when none. Native numbers only. */
struct observer_interest interest_of(uint32_t number);
