#include "cli/help.h"

#include <ctype.h>

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

/* ---- paragraphs ---- */

/* One line of text as one kind of output wants it. */
typedef void print_line(FILE *out, struct slice line);

enum { FILL_WIDTH = 78, USAGE_INDENT = 7, OPTION_INDENT = 32, OPTION_WIDTH = 48 };

static void print_plain(FILE *out, struct slice line)
{
	fwrite(line.bytes, 1, line.size_bytes, out);
}

/* Letters, not bytes: the texts are UTF-8. */
static size_t letter_count(struct slice text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.size_bytes; i++)
		count += (text.bytes[i] & 0xc0) != 0x80;
	return count;
}

struct filling {
	print_line *print;
	size_t width;
	int indent;           /* of all lines but the first */
	bool parts_sentences; /* each on a line of its own, as roff wants it */
};

static bool ends_sentence(struct slice line)
{
	return line.size_bytes > 0 && line.bytes[line.size_bytes - 1] == '.';
}

/* The words of a paragraph on lines of at most that many letters. */
static void print_filled(FILE *out, struct slice words, struct filling filling)
{
	struct slice line = { NULL, 0 };
	struct slice word;
	while (slice_next_field(&words, ' ', &word)) {
		size_t end =
		    line.bytes == NULL ? 0 : (size_t)(word.bytes - line.bytes) + word.size_bytes;
		if (line.bytes != NULL && !(filling.parts_sentences && ends_sentence(line)) &&
		    letter_count((struct slice){ line.bytes, end }) <= filling.width) {
			line.size_bytes = end;
			continue;
		}
		if (line.bytes != NULL) {
			filling.print(out, line);
			fprintf(out, "\n%*s", filling.indent, "");
		}
		line = word;
	}
	filling.print(out, line);
	fputc('\n', out);
}

/* A line of the tables as a sentence. */
static void print_sentence(FILE *out, const char *text, const char *end, struct filling filling)
{
	char sentence[256];
	(void)snprintf(sentence, sizeof(sentence), "%s%s", text, end);
	if (islower((unsigned char)sentence[0]))
		sentence[0] = (char)(sentence[0] - 'a' + 'A');
	print_filled(out, slice_of_string(sentence), filling);
}

static void print_paragraphs(FILE *out, const char *text, struct filling filling,
			     const char *between)
{
	struct slice rest = slice_of_string(text);
	struct slice line;
	while (slice_next_line(&rest, &line)) {
		if (line.size_bytes == 0)
			fputs(between, out);
		else
			print_filled(out, line, filling);
	}
}

/* ---- --help ---- */

static void print_option(FILE *out, const struct option_spec *spec)
{
	char left[64];
	(void)snprintf(left, sizeof(left), "--%s%s%s", spec->name, spec->value == NULL ? "" : " ",
		       spec->value == NULL ? "" : spec->value);
	if (spec->letter != 0)
		fprintf(out, "  -%c, %-24s  ", spec->letter, left);
	else
		fprintf(out, "      %-24s  ", left);
	char help[512];
	(void)snprintf(
	    help, sizeof(help), "%s%s%s%s", spec->help, spec->choices == NULL ? "" : " [",
	    spec->choices == NULL ? "" : spec->choices, spec->choices == NULL ? "" : "]");
	print_filled(out, slice_of_string(help),
		     (struct filling){ print_plain, OPTION_WIDTH, OPTION_INDENT, false });
}

static void print_examples(FILE *out, const struct command *command)
{
	if (command->examples == NULL)
		return;
	fputs("\nexamples:\n", out);
	for (const struct example *example = command->examples; example->line != NULL; example++)
		fprintf(out, "  sysgap %s\n      %s\n", example->line, example->what);
}

void help_print_command(FILE *out, const struct command *command)
{
	char usage[256];
	(void)snprintf(usage, sizeof(usage), "usage: sysgap %s [OPTIONS]%s%s", command->name,
		       command->usage[0] == '\0' ? "" : " ", command->usage);
	print_filled(out, slice_of_string(usage),
		     (struct filling){ print_plain, FILL_WIDTH, USAGE_INDENT, false });
	fputc('\n', out);
	print_sentence(out, command->summary, ".",
		       (struct filling){ print_plain, FILL_WIDTH, 0, false });
	if (command->details != NULL) {
		fputc('\n', out);
		print_paragraphs(out, command->details,
				 (struct filling){ print_plain, FILL_WIDTH, 0, false }, "\n");
	}
	fputs("\noptions:\n", out);
	const struct option_spec *spec;
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++)
		print_option(out, spec);
	print_examples(out, command);
}

/* ---- mdoc(7) ---- */

/* For roff, where a backslash or a control character in front has a meaning. */
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

static const struct filling man_filling = { print_roff, FILL_WIDTH, 0, true };

static void print_man_option(FILE *out, const struct option_spec *spec)
{
	fputs(".It", out);
	if (spec->letter != 0)
		fprintf(out, " Fl %c ,", spec->letter);
	fprintf(out, " Fl \\-%s", spec->name);
	if (spec->value != NULL)
		fprintf(out, " Ar %s", spec->value);
	fputc('\n', out);
	char help[512];
	(void)snprintf(
	    help, sizeof(help), "%s%s%s%s.", spec->help, spec->choices == NULL ? "" : " (",
	    spec->choices == NULL ? "" : spec->choices, spec->choices == NULL ? "" : ")");
	print_filled(out, slice_of_string(help), man_filling);
}

static void print_man_display(FILE *out, const char *before, const char *line)
{
	fprintf(out, ".Bd -literal -offset indent\n%s ", before);
	print_roff(out, slice_of_string(line));
	fputs("\n.Ed\n", out);
}

static void print_man_sentence(FILE *out, const char *text, const char *end)
{
	print_sentence(out, text, end, man_filling);
}

static void print_man_command(FILE *out, const struct command *command)
{
	fprintf(out, ".Ss %s\n", command->name);
	char usage[256];
	(void)snprintf(usage, sizeof(usage), "%s [OPTIONS]%s%s", command->name,
		       command->usage[0] == '\0' ? "" : " ", command->usage);
	print_man_sentence(out, command->summary, ".");
	print_man_display(out, "sysgap", usage);
	if (command->details != NULL) {
		fputs(".Pp\n", out);
		print_paragraphs(out, command->details, man_filling, ".Pp\n");
	}
	if (command->options == NULL)
		return;
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct option_spec *spec = command->options; spec->name != NULL; spec++)
		print_man_option(out, spec);
	fputs(".El\n", out);
}

static void print_man_examples(FILE *out)
{
	fputs(".Sh EXAMPLES\n", out);
	const char *between = "";
	for (const struct command *const *command = commands; *command != NULL; command++) {
		const struct example *example = (*command)->examples;
		for (; example != NULL && example->line != NULL; example++) {
			fputs(between, out);
			between = ".Pp\n";
			print_man_sentence(out, example->what, ":");
			print_man_display(out, "$ sysgap", example->line);
		}
	}
}

static const char man_begin[] =
    ".Dd November 23, 2026\n.Dt SYSGAP 1\n.Os\n.Sh NAME\n.Nm sysgap\n"
    ".Nd how much of what Linux programs need does a compatibility layer have\n"
    ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar operands\n"
    ".Sh DESCRIPTION\n"
    "For everyone who builds something that is nearly Linux, and for everyone who\n"
    "wants to know whether a program will run on it.\n"
    ".Sh OPTIONS\nThese are understood by every command.\n.Bl -tag -width Ds\n";

static const char man_end[] =
    ".Sh ENVIRONMENT\n.Bl -tag -width XDG_DATA_HOME\n"
    ".It Ev XDG_DATA_HOME\nwhere the store lies unless\n.Fl \\-db\nnames one.\n"
    ".It Ev SYSGAP_TRACE\nfolders of the source whose trace is printed, for development.\n.El\n"
    ".Sh EXIT STATUS\n"
    "0: done; 1: a problem, or a check that failed; 2: wrong usage.\n";

void help_print_man(FILE *out)
{
	fputs(man_begin, out);
	for (const struct option_spec *spec = common_options; spec->name != NULL; spec++)
		print_man_option(out, spec);
	fputs(".El\n.Sh COMMANDS\n", out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		print_man_command(out, *command);
	fputs(man_end, out);
	print_man_examples(out);
}

/* ---- bash completion ---- */

static void print_completion_case(FILE *out, const struct command *command)
{
	const struct option_spec *spec;
	fprintf(out, "\t%s)\n\t\tverbs='%s'\n\t\toptions='", command->name,
		command->verbs == NULL ? "" : command->verbs);
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++)
		fprintf(out, "%s--%s", i == 0 ? "" : " ", spec->name);
	fputs("'\n\t\tcase $before in\n", out);
	for (size_t i = 0; (spec = option_at(command, i)) != NULL; i++) {
		if (spec->kind == VALUE_NONE)
			continue;
		fputs("\t\t", out);
		if (spec->letter != 0)
			fprintf(out, "-%c|", spec->letter);
		fprintf(out, "--%s) value=1 kind=%d choices='%s' ;;\n", spec->name, (int)spec->kind,
			spec->choices == NULL ? "" : spec->choices);
	}
	fprintf(out, "\t\t*) kind=%d ;;\n\t\tesac\n\t\t;;\n", (int)command->operand_kind);
}

/* bash parts --format=json into three words; file names may hold blanks. */
static const char completion_begin[] =
    "# bash completion for sysgap; generated from its command tables\n"
    "_sysgap()\n{\n"
    "\tlocal program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} "
    "before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal options='' verbs='' value=0 kind=0 choices=''\n"
    "\t[ \"$before\" = '=' ] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
    "\t[ \"$word\" = '=' ] && word=''\n"
    "\tCOMPREPLY=()\n"
    "\tlocal commands='";

static void print_completion_end(FILE *out)
{
	fprintf(
	    out,
	    "\tesac\n"
	    "\tif [ \"$value\" -eq 0 ]; then\n"
	    "\t\tcase $word in\n"
	    "\t\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\"); return ;;\n"
	    "\t\tesac\n"
	    "\t\tif [ -n \"$verbs\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\t\tkind=%d choices=$verbs\n"
	    "\t\tfi\n"
	    "\tfi\n"
	    "\tcase $kind in\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -W \"${choices//|/ }\" -- \"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -W \"$(\"$program\" layer list --format names "
	    "2>/dev/null)\" -- \"$word\"; compgen -f -- \"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -W \"$(\"$program\" syscalls --format names "
	    "2>/dev/null)\" -- \"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -W \"$(\"$program\" explore --list --format "
	    "names 2>/dev/null)\" -- \"$word\"; compgen -f -- \"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -W \"$commands man completion\" -- "
	    "\"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
	    "\t%d) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
	    "\tesac\n}\ncomplete -o filenames -F _sysgap sysgap\n",
	    (int)VALUE_CHOICE, (int)VALUE_CHOICE, (int)VALUE_LAYER, (int)VALUE_SYSCALL,
	    (int)VALUE_WORKLOAD, (int)VALUE_COMMAND, (int)VALUE_FILE, (int)VALUE_DIRECTORY);
}

void help_print_completion(FILE *out)
{
	fputs(completion_begin, out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		fprintf(out, "%s%s", command == commands ? "" : " ", (*command)->name);
	fputs("'\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	      out);
	for (const struct command *const *command = commands; *command != NULL; command++)
		print_completion_case(out, *command);
	print_completion_end(out);
}
