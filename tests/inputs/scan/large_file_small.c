/*
 * The same in a small file.
 * build: gcc -O1 -DCOUNT=1000000 {source}/large_file.c
 * never: mlockall
 */
