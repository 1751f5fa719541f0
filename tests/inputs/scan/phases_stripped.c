/*
 * The same in one file that names none of its functions.
 * build: gcc -O1 -pthread -static-pie -s {source}/phases.c
 * start: getpgid getsid arch_prctl set_tid_address
 * run: getpriority getppid sched_rr_get_interval times sync getegid
 * exit: getitimer
 */
