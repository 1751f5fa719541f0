/*
 * A list in .data of as many objects as would fill a stack, were each followed from within the one before.
 * The last one holds a function.
 * build: gcc -O1 -fno-pie -no-pie -static -nostdlib
 * exact: getpid exit
 */
#include "freestanding.h"
#define ITEMS "400000"
static NOINLINE __attribute__((used)) long last(void) { return call0(__NR_getpid); }
__asm__(".pushsection .data\n"
	".balign 32\n"
	"list:\n"
	".rept " ITEMS "\n"
	".quad . + 32, 1, 2, 3\n"
	".endr\n"
	".quad list_end\n"
	".balign 32\n"
	"list_end:\n"
	".quad last\n"
	".popsection\n");
struct item {
	struct item *next;
	long numbers[3];
};
extern struct item list[];
static NOINLINE long use(struct item *item)
{
	long (*function)(void);
	while (item->next != 0 && item->next > item)
		item = item->next;
	function = (long (*)(void))item->next;
	return function();
}
START(use(list))
;
