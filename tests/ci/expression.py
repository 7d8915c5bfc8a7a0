# Expressions of GitHub Actions, as docs.github.com describes them ("Evaluate expressions in
# workflows and actions"): literals, contexts, operators, and those functions that our files use.
# Anything else is an Unknown, and ends the run: nothing is guessed.
import json
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<number>-?\d+(?:\.\d+)?(?![\w.])) |
    (?P<string>'(?:[^']|'')*') |
    (?P<op>&&|\|\||==|!=|<=|>=|[!<>()\[\],.*]) |
    (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
)""", re.X)


class Unknown(Exception):
    pass


class Scope:
    """What an expression sees."""

    def __init__(self, contexts, status="success"):
        self.contexts = contexts
        self.status = status  # success, failure or cancelled, of the steps or jobs before


def tokens(text):
    at, found = 0, []
    text = text.rstrip()
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            raise Unknown(f"expression: {text[at:]!r} in {text!r}")
        found.append((m.lastgroup, m.group(m.lastgroup)))
        at = m.end()
    return found


def truth(v):
    return not (v is None or v is False or v == "" or (isinstance(v, (int, float)) and v == 0))


def text_of(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return str(int(v)) if v == int(v) else repr(v)
    if isinstance(v, (dict, list)):
        raise Unknown("an object where a text belongs")
    return v


def number_of(v):
    if v is None or v == "":
        return 0.0
    if isinstance(v, bool):
        return float(v)
    if isinstance(v, (int, float)):
        return float(v)
    try:
        return float(v)
    except (TypeError, ValueError):
        return float("nan")


def equal(a, b):
    if isinstance(a, (dict, list)) or isinstance(b, (dict, list)):
        return a is b
    if isinstance(a, str) and isinstance(b, str):
        return a.lower() == b.lower()
    if a is None and b is None:
        return True
    if type(a) is type(b):
        return a == b
    return number_of(a) == number_of(b)


def contains(where, what):
    if isinstance(where, list):
        return any(equal(x, what) for x in where)
    return text_of(what).lower() in text_of(where).lower()


def fill(template, *values):
    return re.sub(r"\{(\d+)\}|\{\{|\}\}", lambda m: text_of(values[int(m[1])]) if m[1] else m[0][0],
                  template)


FUNCTIONS = {
    "contains": contains,
    "startswith": lambda a, b: text_of(a).lower().startswith(text_of(b).lower()),
    "endswith": lambda a, b: text_of(a).lower().endswith(text_of(b).lower()),
    "format": fill,
    "join": lambda a, b=",": text_of(b).join(text_of(x) for x in a),
    "tojson": lambda a: json.dumps(a, indent=2),
    "fromjson": json.loads,
}
STATUS = ("success", "failure", "always", "cancelled")


class Parser:
    def __init__(self, text, scope):
        self.tokens, self.at, self.scope = tokens(text), 0, scope
        self.text, self.asked = text, False

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, op):
        if self.peek() == ("op", op):
            self.at += 1
            return True
        return False

    def need(self, op):
        if not self.take(op):
            raise Unknown(f"expression: {op!r} is missing in {self.text!r}")

    def whole(self):
        value = self.either()
        if self.at != len(self.tokens):
            raise Unknown(f"expression: {self.peek()[1]!r} in {self.text!r}")
        return value

    # All operands are evaluated: they have no effects, and a key that is unknown shall not hide.
    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value if truth(value) else other
        return value

    def both(self):
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = other if truth(value) else value
        return value

    def compared(self):
        value = self.negated()
        for op in ("==", "!="):
            if self.take(op):
                return equal(value, self.negated()) == (op == "==")
        for op, f in (("<=", float.__le__), (">=", float.__ge__), ("<", float.__lt__), (">", float.__gt__)):
            if self.take(op):
                return f(number_of(value), number_of(self.negated()))
        return value

    def negated(self):
        if self.take("!"):
            return not truth(self.negated())
        return self.operand()

    def operand(self):
        kind, word = self.peek()
        self.at += 1
        if kind == "number":
            return float(word)
        if kind == "string":
            return word[1:-1].replace("''", "'")
        if (kind, word) == ("op", "("):
            value = self.either()
            self.need(")")
            return value
        if kind != "name":
            raise Unknown(f"expression: {word!r} in {self.text!r}")
        if word in ("true", "false"):
            return word == "true"
        if word == "null":
            return None
        return self.call(word) if self.take("(") else self.context(word)

    def call(self, name):
        arguments = []
        while not self.take(")"):
            arguments.append(self.either())
            if self.peek() != ("op", ")"):
                self.need(",")
        if name.lower() in STATUS and not arguments:
            self.asked = True
            return name.lower() == "always" or self.scope.status == name.lower()
        if name.lower() not in FUNCTIONS:
            raise Unknown(f"function {name}()")
        return FUNCTIONS[name.lower()](*arguments)

    def context(self, name):
        if name not in self.scope.contexts:
            raise Unknown(f"context '{name}' in {self.text!r}")
        path, value = name, self.scope.contexts[name]
        while self.peek() in (("op", "."), ("op", "[")):
            if self.take("["):
                key = text_of(self.either())
                self.need("]")
            else:
                self.need(".")
                if self.take("*"):
                    value = Spread(value)
                    continue
                key = self.peek()[1]
                self.at += 1
            path += "." + key
            value = value.key(key) if isinstance(value, Spread) else lookup(value, key, path)
        return list(value) if isinstance(value, Spread) else value


class Spread(list):
    def key(self, key):
        return Spread(x.get(key) for x in self if isinstance(x, dict))


class Closed(dict):
    """A context all of whose keys are known: another one is a mistake of the file's."""


def lookup(value, key, path):
    if isinstance(value, Closed) and key not in value:
        raise Unknown(f"'{path}'")
    return value.get(key) if isinstance(value, dict) else None


def evaluate(text, scope):
    return Parser(text, scope).whole()


def condition(text, scope):
    """Of an `if:`, which is success() as well unless it asks for the status itself."""
    text = str(text).strip()
    if text.startswith("${{") and text.endswith("}}"):
        text = text[3:-2]
    parser = Parser(text, scope)
    value = truth(parser.whole())
    return value if parser.asked else value and scope.status == "success"


def expand(value, scope):
    """A text with ${{ }} in it."""
    if not isinstance(value, str):
        return text_of(value)
    parts = re.split(r"\$\{\{(.*?)\}\}", value, flags=re.S)
    return "".join(p if i % 2 == 0 else text_of(evaluate(p, scope)) for i, p in enumerate(parts))
