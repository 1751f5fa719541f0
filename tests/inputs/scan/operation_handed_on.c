/*
 * An operation that a function hands on to the one that makes the call: the chain goes through who has the constant.
 * build: gcc -O1
 * must: ioctl prctl
 * why: ioctl:FIONBIO=unblock ioctl:0x5421=unblock prctl:PR_GET_DUMPABLE=dumpable
 */
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) static long ask(long number, long first, long second)
{
	return syscall(number, first, second, 0);
}
__attribute__((noinline)) static long unblock(int file) { return ask(SYS_ioctl, file, 0x5421); }
__attribute__((noinline)) static long dumpable(void) { return ask(SYS_prctl, 3, 0); }
int main(void)
{
	return unblock(-1) == 0 && dumpable() == 0;
}
