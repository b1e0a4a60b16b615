/*
 * constitution.tbl.h - what code may not do, on added lines.  Include with
 * RULE(name, langs, view, outcome, pattern, text) defined; see rule.h.
 *
 * What blocks is hardly ever meant well; what could be is flagged.  In files
 * of the tests the first is flagged and the second told.
 */

/* ---- text that becomes code ---- */
RULE("eval", "python", VIEW_CODE, FINDING_BLOCKS, "(?<![.\\w])(?<!def )(?:eval|exec)\\s*\\(",
    "eval or exec turns text into code")
RULE("eval", "javascript", VIEW_CODE, FINDING_BLOCKS, "(?<![.\\w$])(?<!function )eval\\s*\\(|\\bnew\\s+Function\\s*\\(",
    "eval or new Function turns text into code")
RULE("eval", "javascript", VIEW_TEXT, FINDING_BLOCKS, "\\bset(?:Timeout|Interval)\\s*\\(\\s*['\"`]",
    "a timer that is given text turns it into code")
RULE("eval", "php", VIEW_CODE, FINDING_BLOCKS, "(?<![>:\\w$])eval\\s*\\(", "eval turns text into code")
RULE("eval", "ruby", VIEW_CODE, FINDING_BLOCKS, "(?<![.\\w])eval[ (]", "eval turns text into code")
RULE("eval", "perl", VIEW_CODE, FINDING_BLOCKS, "(?<![.\\w$>])eval\\s*[\"$(]", "eval of a text turns it into code")
RULE("eval", "shell", VIEW_CODE, FINDING_FLAGGED, "(?:^|[;&|()`{]|\\bthen|\\bdo)\\s*eval\\s", "eval turns text into code")
RULE("eval", "lua", VIEW_CODE, FINDING_FLAGGED, "\\bload(?:string)?\\s*\\(", "load turns text into code")

/* ---- commands through a shell, objects out of bytes ---- */
RULE("shell", "python", VIEW_CODE, FINDING_FLAGGED, "\\bos\\.(?:system|popen)\\s*\\(|\\bshell\\s*=\\s*True\\b|\\bcommands\\.getoutput\\b",
    "a command goes through a shell")
RULE("shell", "javascript", VIEW_CODE, FINDING_FLAGGED, "\\bchild_process\\b.*\\.exec(?:Sync)?\\s*\\(|(?<![.\\w$])exec(?:Sync)?\\s*\\(\\s*`|\\bshell\\s*:\\s*true\\b",
    "a command goes through a shell")
RULE("shell", "c", VIEW_CODE, FINDING_FLAGGED, "(?<![.\\w>:])(?:system|popen)\\s*\\(", "a command goes through a shell")
RULE("shell", "php", VIEW_CODE, FINDING_FLAGGED, "(?<![>:\\w$])(?:shell_exec|passthru|system|popen|proc_open)\\s*\\(", "a command goes through a shell")
RULE("shell", "go", VIEW_TEXT, FINDING_FLAGGED, "\\bexec\\.Command\\w*\\([^)]*\"(?:/bin/)?(?:ba)?sh\"\\s*,\\s*\"-c\"", "a command goes through a shell")
RULE("shell", "java", VIEW_CODE, FINDING_FLAGGED, "\\bgetRuntime\\(\\)\\.exec\\s*\\(", "a command goes through a shell")
RULE("pickle", "python", VIEW_CODE, FINDING_FLAGGED, "\\b(?:c?[Pp]ickle|marshal|shelve|dill)\\.(?:loads?|open)\\s*\\(|\\byaml\\.(?:unsafe_)?load\\s*\\((?!.*Safe)",
    "objects are made of bytes that may hold code")
RULE("pickle", "java php ruby", VIEW_CODE, FINDING_FLAGGED, "\\.readObject\\s*\\(\\s*\\)|(?<![\\w>])unserialize\\s*\\(|\\bMarshal\\.load\\b",
    "objects are made of bytes that may hold code")
RULE("html", "javascript", VIEW_CODE, FINDING_FLAGGED, "\\bdangerouslySetInnerHTML\\b|\\.(?:inner|outer)HTML\\s*=[^=]|\\bdocument\\.write(?:ln)?\\s*\\(|\\binsertAdjacentHTML\\s*\\(",
    "text becomes HTML as it is")
RULE("unsafe-copy", "c", VIEW_CODE, FINDING_BLOCKS, "(?<![.\\w>])gets\\s*\\(", "gets() writes over its buffer")
RULE("sql", "python javascript ruby php", VIEW_TEXT, FINDING_FLAGGED,
    "(?i)(?:execute|query|raw)\\w*\\s*\\(\\s*(?:f[\"'].{0,80}\\b(?:select|insert|update|delete)\\b.*\\{|[\"'`].{0,80}\\b(?:select|insert|update|delete)\\b.*(?:[\"']\\s*(?:%|\\+|\\.\\s*format)|\\$\\{|#\\{))",
    "a query is put together out of text")

/* ---- code from elsewhere ---- */
RULE("pipe-to-shell", "code config", VIEW_TEXT, FINDING_BLOCKS, "\\b(?:curl|wget)\\b[^|#\\n]{0,300}\\|\\s*(?:sudo\\s+)?(?:\\S*/)?(?:ba|z|da|k)?sh\\b",
    "what the network sends is run")

/* ---- places outside of the project ---- */
RULE("outside", "code config", VIEW_TEXT, FINDING_FLAGGED,
    "(?:~|\\$HOME|\\$\\{HOME\\}|/root|homedir\\(\\)[^;]{0,20})/\\.(?:ssh|aws|gnupg|kube|docker|netrc|npmrc|pypirc|git-credentials|config/gh)\\b|/etc/(?:shadow|sudoers|passwd\\b.*\\bw)",
    "reaches for credentials outside of the project")
RULE("outside", "code config", VIEW_TEXT, FINDING_FLAGGED, "[\"'=\\s](?:/home/|/Users/|[A-Z]:\\\\\\\\?Users\\\\\\\\?)[a-z][\\w.-]*[/\\\\]",
    "names somebody's home folder")
RULE("outside", "shell make docker yaml", VIEW_TEXT, FINDING_BLOCKS,
    "\\brm\\s+(?:-\\w+\\s+)*-\\w*[rR]\\w*\\s+(?:-\\S+\\s+)*(?:/|~/?|\"?\\$HOME\"?/?)(?:\\*|\\s|;|$)", "deletes what is outside of the project")

/* ---- checks that are switched off ---- */
RULE("tls-off", "python", VIEW_CODE, FINDING_BLOCKS, "\\bverify(?:_ssl|_certs?)?\\s*=\\s*False\\b|\\b_create_unverified_context\\b|\\bCERT_NONE\\b|\\bcheck_hostname\\s*=\\s*False\\b|\\bdisable_warnings\\s*\\(",
    "the other side's certificate is not verified")
RULE("tls-off", "javascript", VIEW_TEXT, FINDING_BLOCKS, "\\brejectUnauthorized['\"]?\\s*:\\s*false\\b|\\bNODE_TLS_REJECT_UNAUTHORIZED\\b|\\bstrictSSL['\"]?\\s*:\\s*false\\b",
    "the other side's certificate is not verified")
RULE("tls-off", "c php", VIEW_CODE, FINDING_BLOCKS, "\\bCURLOPT_SSL_VERIFY(?:PEER|HOST)\\s*(?:,|=>)\\s*(?:0|false|FALSE)|\\bSSL_VERIFY_NONE\\b",
    "the other side's certificate is not verified")
RULE("tls-off", "go rust java ruby csharp", VIEW_CODE, FINDING_BLOCKS,
    "\\bInsecureSkipVerify\\s*:\\s*true\\b|\\bdanger_accept_invalid_(?:certs|hostnames)\\s*\\(\\s*true|\\bVERIFY_NONE\\b|\\bNoopHostnameVerifier\\b|\\bALLOW_ALL_HOSTNAME_VERIFIER\\b|\\bServerCertificateCustomValidationCallback\\b",
    "the other side's certificate is not verified")
RULE("tls-off", "shell config", VIEW_TEXT, FINDING_BLOCKS,
    "\\bcurl\\b[^|;\\n]*\\s(?:-[a-jl-zA-Z]*k[a-zA-Z]*|--insecure)(?:\\s|$)|\\bwget\\b[^|;\\n]*--no-check-certificate|\\bGIT_SSL_NO_VERIFY\\b|\\bhttp\\.sslVerify[ =]+(?:false|0)|\\bStrictHostKeyChecking[ =]+no\\b|\\bNODE_TLS_REJECT_UNAUTHORIZED\\b|\\bstrict-ssl[ =]+false|--trusted-host\\b",
    "the other side is not verified")
RULE("check-off", "python", VIEW_COMMENT, FINDING_FLAGGED,
    "#\\s*(?:noqa\\b|nosec\\b|nosemgrep\\b|type:\\s*ignore|mypy:|pylint:\\s*(?:disable|skip)|pyright:|flake8:\\s*noqa|ruff:\\s*noqa|pragma:\\s*no\\s*cover|pytype:\\s*disable|pyre-ignore|bandit:\\s*skip)",
    "a check is told to be silent")
RULE("check-off", "javascript", VIEW_COMMENT, FINDING_FLAGGED,
    "(?:eslint|tslint|biome|oxlint|stylelint|jshint|prettier)-(?:disable|ignore)|@ts-(?:ignore|nocheck|expect-error)|(?:istanbul|c8|v8)\\s+ignore|@flow\\s+strict-local|\\$FlowFixMe|\\bNOSONAR\\b|nosemgrep",
    "a check is told to be silent")
RULE("check-off", "c", VIEW_RAW, FINDING_FLAGGED,
    "^\\s*#\\s*pragma\\s+(?:GCC|clang)\\s+diagnostic\\s+ignored|^\\s*#\\s*pragma\\s+warning\\s*\\(\\s*disable|//.*\\bNOLINT|/\\*.*\\bNOLINT|cppcheck-suppress|\\bno_sanitize\\b|\\bL?GCOVR?_EXCL|\\bLCOV_EXCL|flawfinder:\\s*ignore|coverity\\[",
    "a check is told to be silent")
RULE("check-off", "go rust java swift csharp ruby php", VIEW_RAW, FINDING_FLAGGED,
    "//\\s*nolint\\b|#nosec\\b|#!?\\[allow\\(|@SuppressWarnings\\b|@Suppress\\(|\\bNOSONAR\\b|swiftlint:disable|#pragma\\s+warning\\s+disable|#\\s*rubocop:disable|phpcs:ignore|@phpstan-ignore|@psalm-suppress|nosemgrep",
    "a check is told to be silent")
RULE("check-off", "shell", VIEW_COMMENT, FINDING_FLAGGED, "#\\s*shellcheck\\s+disable", "a check is told to be silent")
RULE("check-off", "shell config", VIEW_TEXT, FINDING_FLAGGED,
    "(?<![\\w-])-Wno-error\\b|(?<![\\w-])-fno-sanitize|(?<![\\w-])-fno-stack-protector\\b|\\bgit\\b.*\\s(?:commit|push|merge)\\b.*--no-verify\\b|\\bcontinue-on-error:\\s*true\\b|\\ballow_failure:\\s*true\\b|\\bignore_errors\\s*[=:]\\s*[Tt]rue\\b|\"(?:strict|noImplicitAny|strictNullChecks)\"\\s*:\\s*false|\\bSKIP_\\w*(?:TESTS?|LINT|HOOKS?|CHECKS?)\\s*[=:]\\s*['\"]?(?:1|true|yes)",
    "a check is switched off")
RULE("check-off", "make yaml docker", VIEW_TEXT, FINDING_FLAGGED,
    "\\b(?:pytest|test|lint|check|mypy|eslint|ruff|flake8|audit)\\b[^#|]*\\|\\|\\s*(?:true|:|exit 0|echo)(?:\\s|$|\")",
    "a check's failure is swallowed")
RULE("chmod", "shell make docker yaml", VIEW_TEXT, FINDING_FLAGGED, "\\bchmod\\s+(?:-\\w+\\s+)*(?:0?777|a\\+rwx|o\\+w)\\b", "everybody may write there")
RULE("debugger", "javascript", VIEW_CODE, FINDING_FLAGGED, "(?:^|[;{}])\\s*debugger\\s*;?", "a debugger's stop is left in")
RULE("debugger", "python", VIEW_CODE, FINDING_FLAGGED, "\\b(?:pdb|ipdb|pudb)\\.set_trace\\s*\\(|(?:^|;)\\s*breakpoint\\s*\\(\\s*\\)", "a debugger's stop is left in")
