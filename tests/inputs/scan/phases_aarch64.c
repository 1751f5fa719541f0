/*
 * The same for aarch64.
 * needs: aarch64-linux-gnu-gcc
 * build: aarch64-linux-gnu-gcc -O1 -pthread -static {source}/phases.c
 * start: getpgid getsid
 * run: getpriority getppid sched_rr_get_interval times sync getegid
 * exit: getitimer
 * no-run: for another machine
 */
