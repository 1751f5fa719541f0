#pragma once

#include "disasm/sweep.h"

/* One per architecture; internal to disasm/. */
size_t x86_64_sweep(struct sweep *sweep, struct sweep_event *out_events, size_t capacity);
size_t aarch64_sweep(struct sweep *sweep, struct sweep_event *out_events, size_t capacity);
