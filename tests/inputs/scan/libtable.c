/* part: of copy_relocation.c */
#include <sys/syscall.h>
#include <unistd.h>
static long hang(void) { return syscall(SYS_vhangup); }
struct { long (*run)(void); long filler[7]; } table = { hang, { 0 } };
