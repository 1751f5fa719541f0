#pragma once

/*
 * Messages for whoever develops sysgap: TRACE(elf, "…") prints to stderr when the environment
 * variable SYSGAP_TRACE names the folder ("elf,scan") or is "all". Off by default, never a result.
 */
#define TRACE(folder, ...)                                                                         \
	do {                                                                                       \
		if (trace_enabled(#folder))                                                        \
			trace_print(#folder, __VA_ARGS__);                                         \
	} while (0)

int trace_enabled(const char *folder);
void trace_print(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));
