#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

#define OBJECT(required, properties)                                              \
	"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required \
	"],\"properties\":{" properties "}}"
#define TEXT(name, doc) "\"" name "\":{\"type\":\"string\",\"description\":\"" doc "\"}"
#define INTEGER(name, low, doc) \
	"\"" name "\":{\"type\":\"integer\",\"minimum\":" low ",\"description\":\"" doc "\"}"
#define FLAG(name, doc) "\"" name "\":{\"type\":\"boolean\",\"description\":\"" doc "\"}"

const struct tool_def tool_defs[TOOL_DEFS] = {
    {.name = "read_file",
     .description = "Read a text file of the workspace. Long files come in parts: ask for "
         "the next one with 'start'.",
     .schema = OBJECT("\"path\"",
         TEXT("path", "relative to the workspace") ","
         INTEGER("start", "1", "first line, from 1") ","
         INTEGER("lines", "1", "how many lines"))},
    {.name = "write_file",
     .description = "Create a file or replace all of it. Folders are made as needed. To change "
         "a part of a file use edit.",
     .schema = OBJECT("\"path\",\"content\"",
         TEXT("path", "relative to the workspace") ","
         TEXT("content", "the whole new content")),
     .writes = true},
    {.name = "edit",
     .description = "Replace one piece of text in a file. 'old' must occur exactly once, to "
         "the letter, white space included: take in as much around it as makes it unique.",
     .schema = OBJECT("\"path\",\"old\",\"new\"",
         TEXT("path", "relative to the workspace") ","
         TEXT("old", "the text as it is now") ","
         TEXT("new", "the text to put in its place")),
     .writes = true},
    {.name = "list",
     .description = "List a folder: folders end in '/', links show where they lead, files "
         "their size in bytes.",
     .schema = OBJECT("",
         TEXT("path", "a folder relative to the workspace; default: all of it") ","
         INTEGER("depth", "1", "how many levels; default 2"))},
    {.name = "search",
     .description = "Find lines that match a Perl-compatible regular expression. Answers "
         "'path:line: text'.",
     .schema = OBJECT("\"pattern\"",
         TEXT("pattern", "the regular expression") ","
         TEXT("path", "a file or folder; default: all of the workspace") ","
         TEXT("glob", "only files whose name (or path, when it has a '/') matches, like '*.c'") ","
         FLAG("ignore_case", "letters match in either case") ","
         FLAG("literal", "the pattern is plain text"))},
    {.name = "run",
     .description = "Run a shell command in the workspace, in a sandbox without network. "
         "Nothing it starts goes on after it, and /tmp is empty each time.",
     .schema = OBJECT("\"command\"",
         TEXT("command", "for sh -c") ","
         INTEGER("timeout_s", "1", "seconds after which it is killed; default 120")),
     .writes = true},
    {.name = "finish",
     .description = "Say that the task is done. The gates will check it.",
     .schema = OBJECT("\"summary\"", TEXT("summary", "what was changed and why, for the reviewer")),
     .writes = true,
     .is_end = true},
    {.name = "give_up",
     .description = "Say that the task cannot be done as it stands and a person must decide.",
     .schema = OBJECT("\"question\"",
         TEXT("question", "what the person must decide, with what was found out")),
     .writes = true,
     .is_end = true},
};

const struct tool_def *
tool_find(const char *name)
{
	size_t i;

	for (i = 0; i < TOOL_DEFS; i++) {
		if (strcmp(tool_defs[i].name, name) == 0)
			return &tool_defs[i];
	}
	return NULL;
}

void
tool_result_free(struct tool_result *r)
{
	free(r->text);
	r->text = NULL;
}
