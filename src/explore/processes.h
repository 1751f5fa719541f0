#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What /proc says of the processes of a sandbox, read by its process 1. */

/* The longest that any living thread has waited for a CPU; process 1 included. */
uint64_t processes_longest_wait_ns(void);

/* Adds up, for all but process 1, the most memory that each has had, and open descriptors. */
void processes_measure(uint64_t *out_peak_bytes, uint32_t *out_descriptor_count);

/* Whether somebody listens at a TCP port. No connection is made. */
bool processes_listen_at(uint16_t port);
