#include "scan/plugins.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

/*
 * Who loads what. Names and folders are those of Debian 12 and glibc 2.36; a folder is relative to
 * the one of the library that opens its files, or absolute. Names that code holds as whole strings
 * need no entry here: they are found as live strings.
 */
struct plugin_rule {
	const char *library; /* start of the opener's file name */
	const char *asked;   /* one of its functions that must be live; NULL: none */
	const char *folder;
	const char *prefix;  /* of the plug-ins' file names */
	const char *entries; /* start of the functions called; "": all it exports */
};

static const struct plugin_rule rules[] = {
	/* pam.conf(5) names modules; libpam calls pam_sm_* of them */
	{ "libpam.so", NULL, "security", "pam_", "pam_sm_" },
	/* config(5ssl): providers and engines */
	{ "libcrypto.so", NULL, "ossl-modules", "", "OSSL_provider_init" },
	{ "libcrypto.so", "ENGINE_load_builtin_engines", "engines-3", "", "bind_engine" },
	{ "libsasl2.so", NULL, "sasl2", "lib", "sasl_" },
	{ "libsasl2.so", NULL, "sasl2", "lib", "_sasl_" },
	/* extension modules of interpreters, installed with them */
	{ "python3.", NULL, "/usr/lib/python3.11/lib-dynload", "", "PyInit_" },
	{ "libpython3.", NULL, "/usr/lib/python3.11/lib-dynload", "", "PyInit_" },
	/* the launcher reads jvm.cfg; the machine loads its parts by made-up names */
	{ "libjli.so", NULL, "server", "libjvm.so", "JNI_" },
	{ "libjvm.so", NULL, "..", "lib", "Java_" },
	{ "libjvm.so", NULL, "..", "lib", "JNI_OnLoad" },
	{ "libjvm.so", NULL, "..", "lib", "JVM_" },
	{ "nginx", NULL, "/usr/lib/nginx/modules", "ngx_", "" },
	{ "lighttpd", NULL, "/usr/lib/lighttpd", "mod_", "" },
};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void enter_exports(struct closure *closure, size_t module, const char *start)
{
	const struct elf_symbols *symbols = &closure->loaded[module].module->image.symbols;
	for (size_t i = 1; i < symbols->count; i++)
		if (symbols->symbols[i].defined && starts_with(symbols->symbols[i].name, start))
			closure_enter(closure, module, symbols->symbols[i].va);
}

static void apply_rule(struct closure *closure, const struct plugin_rule *rule, size_t opener)
{
	const char *path = closure->loaded[opener].module->path;
	const char *folder = rule->folder;
	if (folder[0] != '/')
		folder = arena_printf(closure->arena, "%.*s%s", (int)(names_of_path(path) - path),
				      path, folder);
	const char *const *names;
	size_t count = closure->files->list(closure->files->context, closure->arena, folder,
					    rule->prefix, &names);
	for (size_t i = 0; i < count; i++) {
		if (strstr(names[i], ".so") == NULL)
			continue;
		size_t module =
		    closure_load(closure, arena_printf(closure->arena, "%s/%s", folder, names[i]),
				 opener, false);
		if (module != SIZE_MAX)
			enter_exports(closure, module, rule->entries);
	}
}

bool plugins_nss_wanted(const struct closure *closure, size_t libc, const char *function)
{
	static const struct {
		const char *start, *asked[4];
	} special[] = {
		{ "initgroups_dyn", { "initgroups", "getgrouplist", NULL } },
		{ "gethostbyname",
		  { "getaddrinfo", "gethostbyname", "gethostbyname_r", "gethostbyname2_r" } },
		{ "gethostbyaddr", { "getnameinfo", "gethostbyaddr", "gethostbyaddr_r", NULL } },
		{ "getcanonname", { "getaddrinfo", NULL } },
		{ "getservby",
		  { "getaddrinfo", "getnameinfo", "getservbyname_r", "getservbyport_r" } },
	};
	char name[NAME_MAX_BYTES];
	(void)snprintf(name, sizeof(name), "%s", function);
	if (closure_live_symbol(closure, libc, name) != NULL)
		return true;
	size_t size = strlen(name);
	if (size > 2 && strcmp(name + size - 2, "_r") == 0) {
		name[size - 2] = '\0';
		if (closure_live_symbol(closure, libc, name) != NULL)
			return true;
	}
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		for (size_t k = 0; k < 4 && special[i].asked[k] != NULL; k++)
			if (starts_with(function, special[i].start) &&
			    closure_live_symbol(closure, libc, special[i].asked[k]) != NULL)
				return true;
	return false;
}

static bool asks_nss(const struct closure *closure, size_t libc)
{
	static const char *const databases[] = {
		"getpwnam_r",       "getpwuid_r",         "getpwent_r",
		"getgrnam_r",       "getgrgid_r",         "getgrent_r",
		"getspnam_r",       "getaddrinfo",        "gethostbyname_r",
		"gethostbyname2_r", "gethostbyaddr_r",    "initgroups",
		"getgrouplist",     "getservbyname_r",    "getservbyport_r",
		"getprotobyname_r", "getprotobynumber_r", "getnetbyname_r",
		"getrpcbyname_r",   "getnameinfo",        "innetgr"
	};
	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
		if (closure_live_symbol(closure, libc, databases[i]) != NULL)
			return true;
	return false;
}

static void load_nss(struct closure *closure, size_t libc)
{
	if (!asks_nss(closure, libc))
		return;
	const char *path = closure->loaded[libc].module->path;
	const char *folder =
	    arena_printf(closure->arena, "%.*s", (int)(names_of_path(path) - path - 1), path);
	const char *const *names;
	size_t count = closure->files->list(closure->files->context, closure->arena, folder,
					    "libnss_", &names);
	for (size_t i = 0; i < count; i++) {
		if (strstr(names[i], ".so.2") == NULL)
			continue;
		size_t module = closure_load(closure, names[i], libc, false);
		if (module == SIZE_MAX)
			continue;
		const struct elf_symbols *symbols = &closure->loaded[module].module->image.symbols;
		for (size_t k = 1; k < symbols->count; k++) {
			const struct elf_symbol *symbol = &symbols->symbols[k];
			if (!symbol->defined || !starts_with(symbol->name, "_nss_"))
				continue;
			const char *function = strchr(symbol->name + 5, '_');
			if (function != NULL && plugins_nss_wanted(closure, libc, function + 1))
				closure_enter(closure, module, symbol->va);
		}
	}
}

/* What live code or data holds as strings: some code may open them. */
static void load_named(struct closure *closure)
{
	while (closure->opened_count < closure->libraries.count)
		(void)closure_load(
		    closure, name_set_at(&closure->libraries, closure->opened_count++), 0, false);
}

bool plugins_are_known(const char *path)
{
	const char *base = names_of_path(path);
	bool known = starts_with(base, "libc.so.6");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		known |= starts_with(base, rules[i].library);
	return known;
}

bool plugins_load(struct closure *closure)
{
	size_t live = closure->live_count, modules = closure->loaded_count;
	load_named(closure);
	for (size_t m = 0; m < closure->loaded_count; m++) {
		const char *base = names_of_path(closure->loaded[m].module->path);
		if (starts_with(base, "libc.so.6"))
			load_nss(closure, m);
		for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
			if (starts_with(base, rules[i].library) &&
			    (rules[i].asked == NULL ||
			     closure_live_symbol(closure, m, rules[i].asked) != NULL))
				apply_rule(closure, &rules[i], m);
	}
	return closure->live_count != live || closure->loaded_count != modules;
}
