/*
 * A large file that leaves the syscalls to libc does not ask its callers which case they mean: that
 * would follow the values of most of it. (COUNT: bytes of code.)
 * build: gcc -O1 -DCOUNT=3000000
 * must: mlockall
 */
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
__asm__(".text\n.fill " TEXT(COUNT) ", 1, 0x90");

__attribute__((noinline, noclone)) static int act(int what)
{
	switch (what) {
	case 3: return mlockall(MCL_CURRENT);
	case 4: return (int)sysconf(_SC_PAGESIZE); /* which asks */
	}
	return 0;
}

#ifdef OWN
__attribute__((noinline, noclone)) static int own(void)
{
	int result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(110) : "rcx", "r11", "memory"); /* getppid */
	return result;
}
#else
#define own() 1
#endif

/* Its own values are followed for the sake of act alone. */
int main(void)
{
	int result = act(1) + own();
	return act(4) == 0 ? result : 0;
}
