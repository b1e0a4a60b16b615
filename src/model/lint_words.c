#include <stddef.h>

#include "model/lint_words.h"

#define B SIGNAL_BEHAVIOUR
#define I SIGNAL_IO
#define C SIGNAL_CONSTRAINT
#define V SIGNAL_VERIFY

const struct lint_phrase lint_phrases[] = {
	/* What can be seen from outside. */
	{"must", B}, {"should", B}, {"shall", B}, {"return*", B}, {"print*", B | I},
	{"exit*", B}, {"show*", B}, {"respond*", B}, {"answer*", B}, {"display*", B},
	{"accept*", B}, {"reject*", B}, {"refuse*", B}, {"raise*", B}, {"throw*", B},
	{"emit*", B}, {"fails with", B}, {"fail with", B}, {"crash*", B}, {"instead of", B},
	{"expected", B}, {"actual", B}, {"currently", B}, {"happens", B}, {"when a", B},
	{"when the", B}, {"if the", B}, {"if a", B}, {"then", B}, {"users can", B},
	{"user can", B}, {"can be", B}, {"is ignored", B}, {"are ignored", B},
	{"redirect*", B}, {"retries", B}, {"is written", B}, {"are written", B}, {"is kept", B},
	{"sends", B}, {"writes", B}, {"reads", B}, {"logs", B}, {"warns", B}, {"prompts", B},
	/* What goes in and what comes out. */
	{"input*", I}, {"output*", I}, {"argument*", I}, {"parameter*", I}, {"given", I},
	{"e.g.", I}, {"example*", I}, {"for instance", I}, {"such as", I}, {"request", I},
	{"response", I}, {"payload", I}, {"stdin", I}, {"stdout", I}, {"stderr", I},
	{"status 4*", I}, {"status 2*", I}, {"status 5*", I}, {"http 4*", I}, {"column*", I},
	{"format", I}, {"field*", I}, {"header*", I}, {"->", I}, {"=>", I}, {"yields", I},
	{"reproduce", I | V}, {"steps to reproduce", I | V}, {"exit status", I | V},
	/* What must hold besides. */
	{"must not", C}, {"should not", C}, {"shall not", C}, {"may not", C}, {"do not", C},
	{"don't", C}, {"never", C}, {"only", C}, {"at most", C}, {"at least", C},
	{"no more than", C}, {"no less than", C}, {"less than", C}, {"more than", C},
	{"without", C}, {"within", C}, {"up to", C}, {"unchanged", C}, {"stay*", C},
	{"compatible", C}, {"compatibility", C}, {"not break", C}, {"limit*", C},
	{"maximum", C}, {"minimum", C}, {"no new dependenc*", C}, {"out of scope", C},
	{"keeps working", C}, {"keep working", C}, {"constraint*", C}, {"deadline", C},
	{"memory", C}, {"latency", C}, {"milliseconds", C}, {"backward*", C}, {"except", C},
	/* How to tell that it is done. */
	{"test", V}, {"tests", V}, {"tested", V}, {"verif*", V}, {"acceptance", V},
	{"assert*", V}, {"make check", V}, {"make test", V}, {"pytest", V}, {"npm test", V},
	{"cargo test", V}, {"go test", V}, {"ctest", V}, {"regression", V}, {"passes", V},
	{"pass again", V}, {"done when", V}, {"check that", V}, {"to check", V},
	{"can be checked", V}, {"benchmark", V}, {"coverage", V}, {"ci is green", V},
	{NULL, 0},
};

const struct lint_vague lint_vague[] = {
	{"etc", "list what belongs to it"},
	{"and so on", "list what belongs to it"},
	{"and more", "list what belongs to it"},
	{"improve*", "say what is measured, and the value that is good enough"},
	{"better", "say what is measured, and the value that is good enough"},
	{"nicer", "say what is seen before and after"},
	{"optimi*", "say what is measured, and the value that is good enough"},
	{"faster", "say how long it may take, and on what input"},
	{"user-friendly", "say what the user sees and does"},
	{"user friendly", "say what the user sees and does"},
	{"intuitive", "say what the user sees and does"},
	{"modern*", "say what is there afterwards that is not there now"},
	{"robust*", "name the faults that it must survive"},
	{"clean up", "say what is gone or different afterwards"},
	{"cleanup", "say what is gone or different afterwards"},
	{"somehow", "say what is to be seen"},
	{"as needed", "say when it is needed"},
	{"if necessary", "say when it is necessary"},
	{"if needed", "say when it is needed"},
	{"appropriate*", "say which one is right"},
	{"properly", "say what happens when it is right"},
	{"correctly", "say what happens when it is right"},
	{"edge cases", "name the cases and what happens in each"},
	{"various", "name them"},
	{"stuff", "name it"},
	{"things", "name them"},
	{"tbd", "decide it, or hold the task until it is decided"},
	{"todo", "decide it, or hold the task until it is decided"},
	{"???", "decide it, or hold the task until it is decided"},
	{"maybe", "decide it, or hold the task until it is decided"},
	{"best practices", "name the rule that must hold"},
	{"production ready", "name what it must withstand"},
	{"state of the art", "name what it must do"},
	{NULL, NULL},
};

const char *const lint_how_verbs[] = {
	"add", "create", "open", "edit", "declare", "define", "import", "replace", "rename",
	"move", "delete", "remove", "insert", "call", "instantiate", "loop", "iterate",
	"initialise", "initialize", "write", "use", "change", "copy", "extract", "wrap",
	"assign", "set", "store", "subclass", "inherit", "inject", "implement", "put", "in",
	NULL,
};

const char *const lint_how_nouns[] = {
	"function*", "class*", "method*", "variable*", "helper*", "struct*", "loop*", "import*",
	"constant*", "module*", "constructor*", "decorator*", "interface*", "enum*", "array*",
	"hash map", "hashmap", "dictionary", "pointer*", "if statement", "switch*", "try/except",
	"try/catch", "private", "static", "singleton*", "factory pattern", "subclass*", "line*",
	"macro*", "mutex", "regex", NULL,
};

const char *const lint_how_phrases[] = {
	"for loop", "while loop", "on line", "at line", "in line", "in lines", "after line",
	"call the function", "a new class", "a new function", "a private", "named exactly",
	"exactly this code", "the following code", "like this:", "use the following", NULL,
};
