#include "code_files.h"

#include <elf.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files beyond the limit of other names are visited again, which only costs time. */
enum { SEEN_LIMIT = 4096 };

struct walk {
	uint16_t machine;
	code_visitor *visit;
	void *context;
	ino_t seen[SEEN_LIMIT];
	size_t seen_count;
};

static bool visit_sections(const struct walk *walk, const char *path, struct slice file)
{
	Elf64_Ehdr header;
	if (file.size_bytes < sizeof(header))
		return true;
	memcpy(&header, file.bytes, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != walk->machine)
		return true;
	for (unsigned i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section;
		uint64_t off = header.e_shoff + (uint64_t)i * sizeof(section);
		if (off > file.size_bytes || file.size_bytes - off < sizeof(section))
			return true;
		memcpy(&section, file.bytes + off, sizeof(section));
		if ((section.sh_flags & SHF_EXECINSTR) == 0 || section.sh_type != SHT_PROGBITS ||
		    section.sh_offset > file.size_bytes ||
		    file.size_bytes - section.sh_offset < section.sh_size)
			continue;
		struct code_range range = { path,
					    { file.bytes + section.sh_offset, section.sh_size },
					    section.sh_addr };
		if (!walk->visit(&range, walk->context))
			return false;
	}
	return true;
}

static bool visit_file(const struct walk *walk, const char *path, size_t size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || size_bytes == 0) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	void *start = mmap(NULL, size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (start == MAP_FAILED)
		return true;
	bool go_on = visit_sections(walk, path, (struct slice){ start, size_bytes });
	munmap(start, size_bytes);
	return go_on;
}

static bool is_seen(struct walk *walk, const struct stat *info)
{
	if (info->st_nlink == 1)
		return false;
	for (size_t i = 0; i < walk->seen_count; i++)
		if (walk->seen[i] == info->st_ino)
			return true;
	if (walk->seen_count < SEEN_LIMIT)
		walk->seen[walk->seen_count++] = info->st_ino;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool code_files_visit(const char *path, uint16_t machine, code_visitor *visit, void *context)
{
	static struct walk walk; /* large */
	walk = (struct walk){ .machine = machine, .visit = visit, .context = context };
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
	FTSENT *entry;
	bool go_on = tree != NULL;
	while (go_on && (entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_F && !is_seen(&walk, entry->fts_statp))
			go_on =
			    visit_file(&walk, entry->fts_path, (size_t)entry->fts_statp->st_size);
	}
	if (tree != NULL)
		fts_close(tree);
	return go_on;
}
