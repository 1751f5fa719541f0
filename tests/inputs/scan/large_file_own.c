/*
 * The same in a large file that makes a syscall itself: what it decides on may be that.
 * build: gcc -O1 -DCOUNT=3000000 -DOWN {source}/large_file.c
 * must: getppid
 * never: mlockall
 */
