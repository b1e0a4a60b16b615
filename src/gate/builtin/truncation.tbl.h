/*
 * truncation.tbl.h - traces of work that is not whole, on added lines.
 * Include with RULE(name, langs, view, outcome, pattern, text) defined.
 */
RULE("placeholder", "code config html", VIEW_COMMENT, FINDING_BLOCKS,
    "(?i)(?:\\brest|\\bremainder|\\bremaining (?:code|part|methods?|functions?))\\b[^.]{0,12}\\b(?:of )?(?:the |this |your )?(?:code|file|function|implementation|method|class|component|module|methods|functions|tests?|cases?)?\\b[^.]{0,20}\\b(?:unchanged|stays? the same|remains?(?: the same| here)?|as before|goes here|omitted|here)\\b",
    "stands for code that is left out")
RULE("placeholder", "code config html", VIEW_COMMENT, FINDING_BLOCKS,
    "(?i)\\.\\.\\.\\s*(?:\\(?)(?:the )?(?:existing|rest|remaining|previous|other|same|unchanged|more|your)\\b|\\b(?:existing|previous|original|other)\\s+(?:code|implementation|methods?|functions?|logic)\\s*(?:here|unchanged|remains?|stays?|goes here|omitted|continues|\\.\\.\\.)|\\bomitted for brevity\\b|\\bunchanged code\\b|\\bno changes (?:here|below|above)\\b|\\b(?:same|identical) as (?:before|above|original)\\s*(?:\\.\\.\\.|\\)|\\*/|$)",
    "stands for code that is left out")
RULE("placeholder", "code", VIEW_COMMENT, FINDING_BLOCKS,
    "(?i)(?:\\b(?:your|add|insert|put|implementation|actual|real|the)\\s+(?:code|logic|implementation)\\s+(?:goes\\s+)?here\\b|\\bimplementation goes here\\b|\\bplaceholder (?:implementation|for (?:the )?(?:real|actual))\\b|\\bin a real (?:implementation|application|world|system)\\b|\\bfor now,? (?:just )?(?:return|pretend|fake|hard-?code)\\w*\\b)",
    "stands for code that is left out")
RULE("stub", "code", VIEW_COMMENT, FINDING_BLOCKS,
    "\\b(?:TODO|FIXME|XXX)\\b[:( ]*[^.]{0,24}\\b(?i:implement|finish|complete|fill (?:this )?in|write this|not (?:yet )?implemented)\\b",
    "says itself that it is not done")
RULE("stub", "code", VIEW_COMMENT, FINDING_FLAGGED, "(?i)\\bnot (?:yet )?implemented\\b|\\bstub(?:bed)? (?:out|implementation|for now)\\b|\\bunimplemented\\b",
    "says itself that it is not done")
RULE("stub", "rust", VIEW_CODE, FINDING_BLOCKS, "\\b(?:todo|unimplemented)!\\s*[(\\[{]", "a stub that ends the program")
RULE("stub", "java", VIEW_CODE, FINDING_BLOCKS, "(?<![\\w.])TODO\\s*\\(", "a stub that ends the program")
RULE("stub", "javascript java csharp php dart", VIEW_TEXT, FINDING_BLOCKS,
    "(?i)\\bthrow\\s+(?:new\\s+)?\\w*(?:Error|Exception)\\s*\\(\\s*[\"'`](?:not (?:yet )?implemented|todo|unimplemented|implement me)", "a stub that throws")
RULE("stub", "java csharp", VIEW_CODE, FINDING_FLAGGED, "\\bthrow\\s+new\\s+(?:UnsupportedOperation|NotImplemented)Exception\\s*\\(\\s*\\)", "a stub that throws")
RULE("stub", "go", VIEW_TEXT, FINDING_BLOCKS, "(?i)\\bpanic\\(\\s*[\"`](?:not (?:yet )?implemented|todo|unimplemented|implement me)", "a stub that panics")
RULE("stub", "python", VIEW_CODE, FINDING_FLAGGED, "\\braise\\s+NotImplementedError\\b", "a stub that raises")
RULE("stub", "c", VIEW_TEXT, FINDING_FLAGGED, "(?i)\\b(?:abort|assert|err\\w*|panic|fatal)\\s*\\([^)]{0,40}\"[^\"]{0,40}not (?:yet )?implemented", "a stub that ends the program")
RULE("conflict", NULL, VIEW_RAW, FINDING_BLOCKS, "^(?:<<<<<<<|>>>>>>>|\\|\\|\\|\\|\\|\\|\\|)(?: \\S|$)", "a mark of a merge conflict is left in")
RULE("swallowed", "python", VIEW_CODE, FINDING_FLAGGED, "^\\s*except(?:\\s+(?:Base)?Exception(?:\\s+as\\s+\\w+)?)?\\s*:\\s*(?:pass|\\.\\.\\.|continue)\\s*$", "every error vanishes here")
RULE("swallowed", "javascript", VIEW_CODE, FINDING_FLAGGED, "\\.catch\\s*\\(\\s*(?:\\(?\\s*\\w*\\s*\\)?\\s*=>\\s*(?:\\{\\s*\\}|null|undefined|0)|function\\s*\\(\\s*\\w*\\s*\\)\\s*\\{\\s*\\})\\s*\\)", "an error vanishes here")
RULE("swallowed", "ruby", VIEW_CODE, FINDING_FLAGGED, "\\brescue\\s+nil\\b", "an error vanishes here")
RULE("stub", "shell", VIEW_TEXT, FINDING_FLAGGED, "(?i)\\b(?:echo|printf|die|fail|err\\w*)\\b.{0,80}\\bnot (?:yet )?implemented\\b", "a stub that says so")
RULE("placeholder", "prose", VIEW_RAW, FINDING_FLAGGED,
    "(?i)\\[[^\\]\\n]{0,40}\\b(?:truncated|omitted|elided)\\b[^\\]\\n]{0,40}\\](?!\\()|^(?:\\.\\\\\"|<!--)?\\W*\\.\\.\\.\\s*(?:the )?(?:rest|remainder|remaining|existing|previous|other)\\b.{0,60}\\b(?:unchanged|the same|omitted|as before)\\b",
    "stands for text that is left out")
