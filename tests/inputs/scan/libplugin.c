/* part: of dlopen_constant.c */
#include <sys/syscall.h>
#include <unistd.h>
long plugin_run(void) { return syscall(SYS_vhangup); }
