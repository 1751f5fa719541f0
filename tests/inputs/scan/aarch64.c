/*
 * aarch64: numbers through a wrapper, from movz and movk, from a table in constant data behind adrp,
 * and chosen by a comparison; calls through a pointer in data and as the last thing; a branch on a
 * register that guards a call; a number from the caller's memory, sign-extended, as in glibc's
 * setxid; a signal handler, from which the vDSO returns.
 * build: clang --target=aarch64-linux-gnu -O2 -ffreestanding -nostdlib -static -fuse-ld=lld
 * exact: getpid getuid getppid gettid getegid setuid uname sync rt_sigaction rt_sigreturn exit
 * no-run: for another machine
 */
#define NOINLINE __attribute__((noinline))

enum {
	NR_SYNC = 81,
	NR_SETUID = 146,
	NR_EXIT = 93,
	NR_RT_SIGACTION = 134,
	NR_UNAME = 160,
	NR_GETPID = 172,
	NR_GETPPID = 173,
	NR_GETUID = 174,
	NR_GETEGID = 177,
	NR_GETTID = 178,
	NR_REBOOT = 142,
	NR_SWAPON = 224,
};

static inline __attribute__((always_inline)) long call0(long number)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0");
	__asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
	return x0;
}

volatile long flag;

static NOINLINE long wrapper(long unused, long number)
{
	(void)unused;
	return call0(number);
}

static NOINLINE long middle(long number)
{
	__asm__ volatile("");
	return wrapper(3, number) + 1;
}

static NOINLINE long chosen(long big)
{
	return call0(big > 5 ? NR_GETPPID : NR_GETUID);
}

static const long numbers[] = { NR_GETTID, NR_GETEGID };

static NOINLINE long from_table(unsigned long index)
{
	return index < 2 ? call0(numbers[index]) : 0;
}

/* Only called with zero: the other side is dead. */
static NOINLINE void guarded(long dangerous)
{
	if (dangerous)
		call0(NR_REBOOT);
	else
		call0(NR_SYNC);
}

static NOINLINE long in_data(void)
{
	return call0(NR_UNAME);
}

struct command {
	int number;
	long argument;
};

static NOINLINE long in_memory(const struct command *command)
{
	return call0(command->number);
}

__attribute__((used)) static NOINLINE long never(void)
{
	return call0(NR_SWAPON);
}

long (*volatile pointer)(void) = in_data;

__attribute__((noreturn, used)) void start_c(void)
{
	middle(NR_GETPID);
	chosen(flag);
	from_table((unsigned long)flag);
	guarded(0);
	pointer();
	struct command command = { NR_SETUID, flag };
	__asm__ volatile("" : : "r"(&command) : "memory");
	in_memory(&command);
	call0(NR_RT_SIGACTION);
	for (;;)
		call0(NR_EXIT);
}

__asm__(".globl _start\n.type _start,%function\n_start:\n\tb start_c\n");
