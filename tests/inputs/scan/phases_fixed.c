/*
 * The same at an address of its own.
 * build: gcc -O1 -pthread -no-pie -fno-pie {source}/phases.c
 * start: getpgid getsid arch_prctl set_tid_address access
 * run: getpriority getppid sched_rr_get_interval times sync getegid rseq
 * exit: getitimer
 */
