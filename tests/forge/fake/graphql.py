"""As much of GraphQL as a server needs: a parser, and a walk over what is asked."""
import re

TOKEN = re.compile(
    r'[\s,]*(?:#[^\n]*[\s,]*)*("""(?:.|\n)*?"""|"(?:\\.|[^"\\])*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[{}()\[\]:!$=@|])')


class Bad(Exception):
    pass


def tokens(text):
    found, at = [], 0
    text = text.rstrip(" \t\r\n,")
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Bad("unexpected character at %d" % at)
        found.append(match.group(1))
        at = match.end()
    return found


class Parser:
    def __init__(self, text):
        self.left = tokens(text)[::-1]

    def peek(self):
        return self.left[-1] if self.left else None

    def take(self, wanted=None):
        if not self.left:
            raise Bad("unexpected end")
        got = self.left.pop()
        if wanted and got != wanted:
            raise Bad("expected %s, got %s" % (wanted, got))
        return got

    def document(self):
        operations, fragments = [], {}
        while self.left:
            word = self.peek()
            if word == "{":
                operations.append(("query", None, {}, self.selection()))
            elif word == "fragment":
                self.take()
                name = self.take()
                self.take("on")
                fragments[name] = (self.take(), self.selection())
            else:
                kind, name, defaults = self.take(), None, {}
                if self.peek() not in ("(", "{", "@"):
                    name = self.take()
                if self.peek() == "(":
                    defaults = self.variables()
                operations.append((kind, name, defaults, self.selection()))
        return operations, fragments

    def variables(self):
        defaults = {}
        self.take("(")
        while self.peek() != ")":
            self.take("$")
            name = self.take()
            self.take(":")
            while self.peek() not in ("$", ")", "="):
                self.take()
            if self.peek() == "=":
                self.take()
                defaults[name] = self.value()
        self.take(")")
        return defaults

    def value(self):
        word = self.take()
        if word == "$":
            return ("$", self.take())
        if word == "[":
            found = []
            while self.peek() != "]":
                found.append(self.value())
            self.take("]")
            return found
        if word == "{":
            found = {}
            while self.peek() != "}":
                name = self.take()
                self.take(":")
                found[name] = self.value()
            self.take("}")
            return found
        if word[0] == '"':
            return word[1:-1].replace('\\"', '"').replace("\\n", "\n") if word[:3] != '"""' else word[3:-3]
        if re.fullmatch(r"-?\d+", word):
            return int(word)
        return {"true": True, "false": False, "null": None}.get(word, word)

    def arguments(self):
        found = {}
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                name = self.take()
                self.take(":")
                found[name] = self.value()
            self.take(")")
        return found

    def selection(self):
        found = []
        self.take("{")
        while self.peek() != "}":
            if self.peek() == "...":
                self.take()
                if self.peek() == "on":
                    self.take()
                    found.append(("on", self.take(), self.selection()))
                elif self.peek() == "{":
                    found.append(("on", None, self.selection()))
                else:
                    found.append(("spread", self.take()))
                continue
            key = name = self.take()
            if self.peek() == ":":
                self.take()
                name = self.take()
            args = self.arguments()
            below = self.selection() if self.peek() == "{" else None
            found.append(("field", key, name, args, below))
        self.take("}")
        return found


class Walk:
    """Objects are dicts with '__typename'; a field may be a function of its arguments."""

    def __init__(self, fragments, variables, supertypes):
        self.fragments = fragments
        self.variables = variables
        self.supertypes = supertypes

    def plain(self, value):
        if isinstance(value, tuple):
            return self.variables.get(value[1])
        if isinstance(value, list):
            return [self.plain(v) for v in value]
        if isinstance(value, dict):
            return {k: self.plain(v) for k, v in value.items()}
        return value

    def fits(self, thing, name):
        return name is None or name == thing["__typename"] or name in self.supertypes.get(thing["__typename"], ())

    def visit(self, thing, selection):
        if isinstance(thing, list):
            return [self.visit(x, selection) for x in thing]
        if thing is None or selection is None:
            return thing
        found = {}
        for part in selection:
            if part[0] == "on":
                if self.fits(thing, part[1]):
                    merge(found, self.visit(thing, part[2]))
            elif part[0] == "spread":
                name, below = self.fragments[part[1]]
                if self.fits(thing, name):
                    merge(found, self.visit(thing, below))
            else:
                _, key, name, args, below = part
                if name not in thing:
                    raise Bad("Field '%s' doesn't exist on type '%s'" % (name, thing["__typename"]))
                value = thing[name]
                if callable(value):
                    value = value(**self.plain(args))
                merge(found, {key: self.visit(value, below)})
        return found


def merge(into, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def execute(text, variables, name, roots, supertypes):
    """{'query': object, 'mutation': object} by what the text asks."""
    operations, fragments = Parser(text).document()
    chosen = [o for o in operations if not name or o[1] == name]
    if len(chosen) != 1:
        raise Bad("no operation, or several")
    kind, _, defaults, selection = chosen[0]
    walk = Walk(fragments, {**defaults, **(variables or {})}, supertypes)
    return walk.visit(roots[kind], selection)
