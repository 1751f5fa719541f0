/*
 * A library's data is copied into the program, with the function pointer in it.
 * library: gcc -O1 -shared -fPIC -o {dir}/libsysgaptable.so {source}/libtable.c
 * build: gcc -O1 -fno-pie -no-pie -Wl,-rpath,$ORIGIN -L{dir} {source}/copy_relocation.c -lsysgaptable
 * must: vhangup
 */
struct table { long (*run)(void); long filler[7]; };
extern struct table table;
int main(int argc, char **argv) { (void)argv; return argc > 5 ? (int)table.run() : 0; }
