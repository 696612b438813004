"""Read a small part of C and turn it into Python, one statement at a time.

Enough for the kernels of lesson 09 on a machine without a compiler: int and float
variables, pointers to float, ``for``, ``while``, ``if``, ``return``, arithmetic, a few
functions. No macros, no structures, no functions of one's own, no shared memory.
"""

import math
import re

TOKEN = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fFuUlL]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\+\+|--|&&|\|\||[-+*/%<>=!]=|[-+*/%<>=!?:;,.()\[\]{}])",
    re.DOTALL,
)
WHOLE = {"int", "unsigned", "long", "short", "size_t", "bool", "signed"}
BROKEN = {"float", "double"}
EXTRA = {"const", "__restrict__", "static", "volatile", "register"}
LEVELS = (
    ("||",),
    ("&&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)
INDICES = ("threadIdx", "blockIdx", "blockDim", "gridDim")
FUNCTIONS = {
    "min": min, "max": max, "fminf": min, "fmaxf": max, "abs": abs, "fabsf": abs,
    "fmaf": lambda a, b, c: a * b + c, "__fmaf_rn": lambda a, b, c: a * b + c,
    "sqrtf": math.sqrt, "expf": math.exp, "__ldg": lambda pointer: pointer[0],
}  # fmt: skip


class NotUnderstood(ValueError):
    """A piece of C that this reader does not know, with its line."""


def divide(a: int, b: int) -> int:
    """Divide whole numbers as C does: towards zero."""
    return int(a / b) if b else 0


def remainder(a: int, b: int) -> int:
    """Return what C's ``%`` returns."""
    return a - b * divide(a, b)


class Reader:
    """Reads one kernel and holds its name, its parameters and its body in Python."""

    def __init__(self, source: str):
        self.tokens, self.at = list(split(source)), 0
        self.kinds: dict[str, str] = {}
        self.lines: list[str] = []
        self.depth, self.steps = 1, []
        while self.peek() in EXTRA or self.peek() == "void":
            self.take()
        self.name = self.take()
        self.parameters = self.read_parameters()
        self.statement()
        if self.peek():
            self.complain("one function is enough here")

    def python(self) -> str:
        """Return the kernel as the source of a Python function ``thread``."""
        places = [f"{name}_{axis}" for name in INDICES for axis in "xyz"]
        names = ", ".join([*self.parameters, *places])
        return f"def thread({names}):\n" + "\n".join(self.lines or ["    pass"]) + "\n"

    # --- tokens ---------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        """Return a coming token, or an empty string behind the last one."""
        place = self.at + ahead
        return self.tokens[place][0] if place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        """Return the next token and move on."""
        token = self.peek()
        if expected and token != expected:
            self.complain(f"expected {expected!r} before {token!r}")
        self.at += 1
        return token

    def accept(self, token: str) -> bool:
        """Take the token if it comes next."""
        found = self.peek() == token
        self.at += found
        return found

    def complain(self, what: str):
        """Stop, naming the line."""
        place = min(self.at, len(self.tokens) - 1)
        line = self.tokens[place][1] if self.tokens else 1
        raise NotUnderstood(f"kernel:{line}: {what}")

    def emit(self, text: str):
        """Write one line of Python."""
        self.lines.append("    " * self.depth + text)

    # --- declarations and statements --------------------------------------------------

    def begins_type(self, ahead: int = 0) -> bool:
        """Tell whether a type comes next."""
        return self.peek(ahead) in WHOLE | BROKEN | EXTRA

    def read_type(self) -> str:
        """Take a type: ``"int"``, ``"float"``, or ``"pointer"``."""
        kind = "int"
        while self.begins_type() or self.peek() == "*":
            token = self.take()
            if token in BROKEN and kind != "pointer":
                kind = "float"
            kind = "pointer" if token == "*" else kind
        return kind

    def read_parameters(self) -> list[str]:
        """Take the parameters of the kernel."""
        names = []
        self.take("(")
        while not self.accept(")"):
            kind, name = self.read_type(), self.take()
            names.append(name)
            self.kinds[name] = kind
            if self.peek() != ")":
                self.take(",")
        return names

    def statement(self):
        """Take one statement and write it in Python."""
        token = self.peek()
        if token == "{":
            self.take()
            while not self.accept("}"):
                if not self.peek():
                    self.complain("a closing } is missing")
                self.statement()
        elif token == "if":
            self.choice()
        elif token in ("for", "while"):
            self.loop()
        elif token in ("break", "return"):
            self.emit(self.take())
            self.take(";")
        elif token == "continue":
            self.take()
            self.take(";")
            for line in self.steps[-1]:
                self.emit(line)
            self.emit("continue")
        elif not self.accept(";"):
            self.simple()
            self.take(";")

    def block(self):
        """Take one statement as the body of another one."""
        self.depth += 1
        before = len(self.lines)
        self.statement()
        if len(self.lines) == before:
            self.emit("pass")
        self.depth -= 1

    def choice(self):
        """Take ``if (...) ... else ...``."""
        self.take("if")
        self.take("(")
        self.emit(f"if {self.expression()[0]}:")
        self.take(")")
        self.block()
        if self.accept("else"):
            self.emit("else:")
            self.block()

    def loop(self):
        """Take ``for (...; ...; ...) ...`` or ``while (...) ...``."""
        condition, step = "True", []
        if self.take() == "while":
            self.take("(")
            condition = self.expression()[0]
        else:
            self.take("(")
            if self.peek() != ";":
                self.simple()
            self.take(";")
            if self.peek() != ";":
                condition = self.expression()[0]
            self.take(";")
            if self.peek() != ")":
                written, depth = len(self.lines), self.depth
                self.depth = 0
                self.simple()
                step, self.lines = self.lines[written:], self.lines[:written]
                self.depth = depth
        self.take(")")
        self.emit(f"while {condition}:")
        self.steps.append(step)
        self.block()
        self.steps.pop()
        self.depth += 1
        for line in [*step, "tick()"]:
            self.emit(line)
        self.depth -= 1

    def simple(self):
        """Take a declaration or some assignments, up to the semicolon."""
        kind = self.read_type() if self.begins_type() else ""
        base = "float" if kind == "pointer" else kind
        while True:
            if kind and self.accept("*"):
                kind = "pointer"
            if kind:
                name = self.take()
                self.kinds[name] = kind
                if self.peek() == "[":
                    self.complain("arrays of one's own are not known here")
                if self.accept("="):
                    self.emit(f"{name} = {self.converted(kind)}")
            else:
                self.assignment()
            if not self.accept(","):
                return
            kind = base

    def assignment(self):
        """Take ``a = ...``, ``a += ...``, ``a++`` or ``++a``."""
        target, kind = self.unary()
        token = self.peek()
        if ":=" in target:
            self.emit(target)
        elif token in ("++", "--"):
            self.emit(f"{target} = {target} {self.take()[0]} 1")
        elif token in ("=", "+=", "-=", "*=", "/=", "%="):
            self.take()
            if token == "=":
                self.emit(f"{target} = {self.converted(kind)}")
            else:
                change = self.expression()
                value = combine(token[0], (target, kind), change)
                whole = kind == "int" and value[1] == "float"
                self.emit(
                    f"{target} = int({value[0]})" if whole else f"{target} = {value[0]}"
                )
        else:
            self.complain(f"cannot read {token!r} here")

    def converted(self, kind: str) -> str:
        """Take an expression and return it as a value of this kind."""
        code, found = self.expression()
        if kind == "int" and found == "float":
            return f"int({code})"
        return f"float({code})" if kind == "float" and found == "int" else code

    # --- expressions: (Python, kind) --------------------------------------------------

    def expression(self):
        """Take an expression with everything but assignments."""
        code, kind = self.binary(0)
        if self.accept("?"):
            yes = self.expression()
            self.take(":")
            no = self.expression()
            kind = "float" if "float" in (yes[1], no[1]) else yes[1]
            return f"({yes[0]} if {code} else {no[0]})", kind
        return code, kind

    def binary(self, level: int):
        """Take operands joined by the operators of one level of precedence."""
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            sign = self.take()
            left = combine(sign, left, self.binary(level + 1))
        return left

    def unary(self):
        """Take signs, casts and dereferences."""
        token = self.peek()
        if token in ("-", "+"):
            self.take()
            code, kind = self.unary()
            return f"({token}{code})", kind
        if token in ("++", "--"):
            self.take()
            name = self.take()
            return f"({name} := {name} {token[0]} 1)", self.kinds.get(name, "int")
        if self.accept("!"):
            return f"(not {self.unary()[0]})", "int"
        if self.accept("*"):
            return f"{self.unary()[0]}[0]", "float"
        if token == "(" and self.begins_type(1):
            self.take()
            kind = self.read_type()
            self.take(")")
            code, _ = self.unary()
            return (f"{kind}({code})" if kind != "pointer" else code), kind
        return self.postfix()

    def postfix(self):
        """Take a number, a name, a call, or something in brackets, with its indices."""
        token = self.take()
        if token == "(":
            inner, kind = self.expression()
            self.take(")")
            code = f"({inner})"
        elif token[:1].isdigit() or token[:1] == ".":
            broken = "." in token or token[-1] in "fF" or "e" in token.lower()
            return token.rstrip("fFuUlL"), "float" if broken else "int"
        elif token in INDICES:
            self.take(".")
            return f"{token}_{self.take()}", "int"
        elif token in FUNCTIONS and self.peek() == "(":
            return self.function(token)
        elif token in self.kinds:
            code, kind = token, self.kinds[token]
        else:
            self.at -= 1
            self.complain(
                f"{token!r} is not known here" if token else "the code ends early"
            )
        if token in self.kinds and self.peek() in ("++", "--"):  # the value from before
            sign, undo = ("+", "-") if self.take() == "++" else ("-", "+")
            return f"(({code} := {code} {sign} 1) {undo} 1)", kind
        while self.accept("["):
            index, of = self.expression()
            if of != "int" or kind != "pointer":
                self.complain("an index must be whole, and belong to an array")
            self.take("]")
            code, kind = f"{code}[{index}]", "float"
        return code, kind

    def function(self, name: str):
        """Take the arguments of a known function."""
        self.take("(")
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.take(")")
        whole = all(kind == "int" for _, kind in arguments)
        return f"{name}({', '.join(code for code, _ in arguments)})", (
            "int" if whole else "float"
        )


def combine(sign: str, left, right):
    """Join two operands as C would, with whole-number division where both are whole."""
    (a, kind_a), (b, kind_b) = left, right
    kinds = {kind_a, kind_b}
    kind = next((k for k in ("pointer", "float") if k in kinds), "int")
    if sign in ("&&", "||"):
        return f"({a} {'and' if sign == '&&' else 'or'} {b})", "int"
    if sign in "/%" and kind == "int":
        return f"{'divide' if sign == '/' else 'remainder'}({a}, {b})", "int"
    if sign in ("==", "!=", "<", ">", "<=", ">="):
        return f"({a} {sign} {b})", "int"
    return f"({a} {sign} {b})", kind


def split(source: str):
    """Yield (token, line) of a C source."""
    at = 0
    while at < len(source):
        line = source.count("\n", 0, at) + 1
        found = TOKEN.match(source, at)
        if not found:
            raise NotUnderstood(f"kernel:{line}: cannot read {source[at]!r} here")
        if found.lastgroup != "skip":
            yield found.group(), line
        at = found.end()
