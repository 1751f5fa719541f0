#pragma once

/* The architectures whose syscall numbers sysgap knows. */
enum arch { ARCH_X86_64, ARCH_AARCH64, ARCH_RISCV64, ARCH_I386, ARCH_COUNT };

enum { ARCH_UNKNOWN = -1 };

const char *arch_name(enum arch arch); /* "x86_64", "aarch64", "riscv64", "i386" */

/* Also understands Debian's names (amd64, arm64); ARCH_UNKNOWN for anything else. */
int arch_from_name(const char *name);
