#include "cli/help.h"

#include "base/slice.h"
#include "cli/options.h"

#define SYSGAP_VERSION_LINE "sysgap " SYSGAP_VERSION

void help_print_overview(FILE *out)
{
	fputs("usage: sysgap COMMAND [OPTIONS] [OPERANDS]\n\n"
	      "How much of what Linux programs need does a compatibility layer have, what is\n"
	      "missing, and what should come next?\n\n",
	      out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		fprintf(out, "  %-10s  %s\n", (*command)->name, (*command)->summary);
	fputs("\n'sysgap COMMAND --help' explains one command. " SYSGAP_VERSION_LINE "\n", out);
}

static void print_option(FILE *out, const struct option_spec *spec)
{
	char left[64];
	(void)snprintf(left, sizeof(left), "--%s%s%s", spec->name, spec->value == NULL ? "" : " ",
		       spec->value == NULL ? "" : spec->value);
	if (spec->letter != 0)
		fprintf(out, "  -%c, %-22s  %s", spec->letter, left, spec->help);
	else
		fprintf(out, "      %-22s  %s", left, spec->help);
	if (spec->choices != NULL)
		fprintf(out, " [%s]", spec->choices);
	fputc('\n', out);
}

void help_print_command(FILE *out, const struct command *command)
{
	fprintf(out, "usage: sysgap %s [OPTIONS]%s%s\n\n%s.\n", command->name,
		command->usage[0] == '\0' ? "" : " ", command->usage, command->summary);
	if (command->details != NULL)
		fprintf(out, "\n%s\n", command->details);
	fputs("\noptions:\n", out);
	const struct option_spec *spec;
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++)
		print_option(out, spec);
}

/* ---- mdoc(7) ---- */

/* One line of text for roff, where a backslash or a control character in front has a meaning. */
static void print_roff(FILE *out, struct slice line)
{
	if (line.size_bytes > 0 && (line.bytes[0] == '.' || line.bytes[0] == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < line.size_bytes; i++) {
		if (line.bytes[i] == '\\')
			fputs("\\e", out);
		else if (line.bytes[i] == '-')
			fputs("\\-", out);
		else
			fputc(line.bytes[i], out);
	}
}

static void print_man_option(FILE *out, const struct option_spec *spec)
{
	fputs(".It", out);
	if (spec->letter != 0)
		fprintf(out, " Fl %c ,", spec->letter);
	fprintf(out, " Fl \\-%s", spec->name);
	if (spec->value != NULL)
		fprintf(out, " Ar %s", spec->value);
	fputc('\n', out);
	print_roff(out, slice_of_string(spec->help));
	if (spec->choices != NULL)
		fprintf(out, " (%s)", spec->choices);
	fputs(".\n", out);
}

/* Paragraphs parted by an empty line. */
static void print_man_paragraphs(FILE *out, const char *text)
{
	struct slice rest = slice_of_string(text);
	struct slice line;
	fputs(".Pp\n", out);
	while (slice_next_line(&rest, &line)) {
		if (line.size_bytes == 0)
			fputs(".Pp", out);
		else
			print_roff(out, line);
		fputc('\n', out);
	}
}

static void print_man_command(FILE *out, const struct command *command)
{
	fprintf(out, ".Ss sysgap %s %s\n", command->name, command->usage);
	print_roff(out, slice_of_string(command->summary));
	fputs(".\n", out);
	if (command->details != NULL)
		print_man_paragraphs(out, command->details);
	if (command->options == NULL)
		return;
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct option_spec *spec = command->options; spec->name != NULL; spec++)
		print_man_option(out, spec);
	fputs(".El\n", out);
}

void help_print_man(FILE *out)
{
	fputs(".Dd November 23, 2026\n.Dt SYSGAP 1\n.Os\n.Sh NAME\n.Nm sysgap\n"
	      ".Nd how much of what Linux programs need does a compatibility layer have\n"
	      ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar operands\n"
	      ".Sh DESCRIPTION\n"
	      "For everyone who builds something that is nearly Linux, and for everyone who wants "
	      "to know\nwhether a program will run on it.\n"
	      ".Sh OPTIONS\nThese are understood by every command.\n.Bl -tag -width Ds\n",
	      out);
	for (const struct option_spec *spec = common_options; spec->name != NULL; spec++)
		print_man_option(out, spec);
	fputs(".El\n.Sh COMMANDS\n", out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		print_man_command(out, *command);
	fputs(".Sh ENVIRONMENT\n.Bl -tag -width XDG_DATA_HOME\n"
	      ".It Ev XDG_DATA_HOME\nwhere the store lies unless\n.Fl \\-db\nnames one.\n"
	      ".It Ev SYSGAP_TRACE\nfolders of the source whose trace is printed, for "
	      "development.\n.El\n"
	      ".Sh EXIT STATUS\n"
	      "0: done; 1: a problem, or a check that failed; 2: wrong usage.\n",
	      out);
}

/* ---- bash completion ---- */

static void print_completion_case(FILE *out, const struct command *command)
{
	const struct option_spec *spec;
	fprintf(out, "\t%s)\n\t\toptions='", command->name);
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++)
		fprintf(out, "%s--%s", i == 0 ? "" : " ", spec->name);
	fputs("'\n\t\tcase $before in\n", out);
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++) {
		if (spec->kind == VALUE_NONE)
			continue;
		fprintf(out, "\t\t--%s) kind=%d choices='%s' ;;\n", spec->name, (int)spec->kind,
			spec->choices == NULL ? "" : spec->choices);
	}
	fprintf(out, "\t\t*) kind=%d ;;\n\t\tesac\n\t\t;;\n", (int)command->operand_kind);
}

void help_print_completion(FILE *out)
{
	fputs("# bash completion for sysgap; generated from its command tables\n"
	      "_sysgap()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal options='' kind=0 choices=''\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '",
	      out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		fprintf(out, "%s%s", command == commands ? "" : " ", (*command)->name);
	fputs("' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n", out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		print_completion_case(out, *command);
	fprintf(out,
		"\tesac\n"
		"\tcase $word in\n"
		"\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")); return ;;\n"
		"\tesac\n"
		"\tcase $kind in\n"
		"\t%d) COMPREPLY=($(compgen -W \"${choices//|/ }\" -- \"$word\")) ;;\n"
		"\t%d) COMPREPLY=($(compgen -W \"$(sysgap layer list --format names 2>/dev/null)\" "
		"-- \"$word\") $(compgen -f -- \"$word\")) ;;\n"
		"\t%d) COMPREPLY=($(compgen -W \"$(sysgap syscalls --format names 2>/dev/null)\" "
		"-- \"$word\")) ;;\n"
		"\t%d) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
		"\t%d) COMPREPLY=($(compgen -d -- \"$word\")) ;;\n"
		"\tesac\n}\ncomplete -o filenames -F _sysgap sysgap\n",
		(int)VALUE_CHOICE, (int)VALUE_LAYER, (int)VALUE_SYSCALL, (int)VALUE_FILE,
		(int)VALUE_DIRECTORY);
}
