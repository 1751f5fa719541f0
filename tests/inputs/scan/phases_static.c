/*
 * The same in one file: the C library's start is a part of the program.
 * build: gcc -O1 -pthread -static {source}/phases.c
 * start: getpgid getsid arch_prctl set_tid_address
 * run: getpriority getppid sched_rr_get_interval times sync getegid
 * exit: getitimer
 */
