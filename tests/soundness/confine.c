/*
 * Runs a command under a seccomp profile in the OCI form, as a container runtime would, but kills
 * it at the first call that the profile does not allow, so that none goes unnoticed.
 *
 * usage: confine PROFILE.json COMMAND…
 */
#include <jansson.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR) {
		/* newer than libseccomp: nothing in this test needs it */
		fprintf(stderr, "confine: %s is unknown to libseccomp\n", name);
		return 0;
	}
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

static int load(scmp_filter_ctx filter, const json_t *profile)
{
	size_t index;
	json_t *rule;
	json_array_foreach(json_object_get(profile, "syscalls"), index, rule)
	{
		size_t name_index;
		json_t *name;
		const char *action = json_string_value(json_object_get(rule, "action"));
		if (action == NULL || strcmp(action, "SCMP_ACT_ALLOW") != 0)
			return -1;
		json_array_foreach(json_object_get(rule, "names"), name_index, name)
		{
			if (allow(filter, json_string_value(name)) != 0)
				return -1;
		}
	}
	return allow(filter, "execve"); /* the runtime's own, which starts the command */
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	json_error_t problem;
	json_t *profile = json_load_file(argv[1], 0, &problem);
	const char *action = json_string_value(json_object_get(profile, "defaultAction"));
	if (profile == NULL || action == NULL || strcmp(action, "SCMP_ACT_ERRNO") != 0) {
		fprintf(stderr, "confine: %s: no profile with SCMP_ACT_ERRNO as default\n", argv[1]);
		return 2;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL || load(filter, profile) != 0 || seccomp_load(filter) != 0) {
		fprintf(stderr, "confine: %s cannot be loaded\n", argv[1]);
		return 2;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
