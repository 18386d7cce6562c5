"""Gate: money is never binary floating point.

Looks at names. Whatever is annotated, declared in a schema or cast under a name that ends like money
(``interest_bearing_balance``, ``monthly_taxes``, ``property_value``) must not be a float; and 32-bit floats
are refused everywhere, since they cannot even hold the cents of a house price.

Not seen: unannotated locals. Kernels may guess in float64 before they settle the cent, and convert for it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.gates.core import Finding, Report, SourceFile, python_files, scan

GATE = "money"
FOLDERS = ("src/hopenow",)
# Kernels may start from a guess in float64; tests compare them with exact fractions.
GUESSING_ROOM = "src/hopenow/mortgage/"

# The last word of a name that means an amount of money. "value" may be anything; "property_value" is money.
_MONEY_NAME = re.compile(
    r"(^|_)(balance|payment|installment|amount|cents|dollars|upb|income|principal_and_interest|taxes|insurance|dues"
    r"|arrears|advances|escrow|proceeds|contribution|incentive|shortage|reserves|forbearance_amount|debt|debts)$"
    r"|_(value|interest_due|principal)$"
)
_FLOAT = re.compile(r"(?<![\w])(float|float16|float32|float64|Float32|Float64|double|floating)(?![\w(])")
_NARROW_FLOAT = re.compile(r"^(float16|float32|Float32)$")


def is_money_name(name: str) -> bool:
    """Whether a name, by its last words, holds an amount of money."""
    return _MONEY_NAME.search(name.lower()) is not None


def _name_of(node: ast.expr) -> str:
    """Last part of a dotted name, the text of a string, or an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Call) and _name_of(node.func) == "col" and node.args:
        return _name_of(node.args[0])
    return ""


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, the type it is given) wherever a name gets a type."""
    if isinstance(node, ast.AnnAssign):
        yield _name_of(node.target), node.annotation
    elif isinstance(node, ast.arg) and node.annotation is not None:
        yield node.arg, node.annotation
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
        yield node.name, node.returns
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield _name_of(key), value
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
        yield _name_of(node.elts[0]), node.elts[1]
    elif isinstance(node, ast.Call):
        yield from _call_pairs(node)


def _call_pairs(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, type) of ``col("dues").cast(T)`` and ``field("dues", T)``."""
    name = _name_of(node.func)
    if name in {"cast", "astype"} and isinstance(node.func, ast.Attribute) and node.args:
        yield _name_of(node.func.value), node.args[0]
    elif name in {"field", "Series", "array", "Field"} and len(node.args) >= 2:
        yield _name_of(node.args[0]), node.args[1]


def _conversions(file: SourceFile) -> Iterator[tuple[str, ast.Call]]:
    """Yield ``float(balance)``, except where guesses are made and settled exactly afterwards."""
    if file.name.startswith(GUESSING_ROOM):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and _name_of(node.func) == "float" and len(node.args) == 1:
            yield _name_of(node.args[0]), node


def _is_type_expression(node: ast.expr) -> bool:
    """Whether an expression can be a type: a call is one only without arguments, as in ``pl.Float64()``."""
    return not any(isinstance(part, ast.Call) and (part.args or part.keywords) for part in ast.walk(node))


def _compared(tree: ast.Module) -> set[int]:
    """Identities of what is only compared: ``dtype == pl.Float32`` recognizes a column and makes none."""
    comparisons = (node for node in ast.walk(tree) if isinstance(node, ast.Compare))
    return {id(part) for node in comparisons for part in (node.left, *node.comparators)}


def _check(file: SourceFile) -> Iterator[Finding]:
    for name, call in _conversions(file):
        if is_money_name(name):
            message = f"{name} is money and becomes a float; keep whole cents, or format it with money.py"
            yield Finding(file.name, call.lineno, name, message)
    compared = _compared(file.tree)
    for node in ast.walk(file.tree):
        token = _name_of(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if _NARROW_FLOAT.match(token) and id(node) not in compared:
            yield Finding(
                file.name,
                getattr(node, "lineno", 0),
                token,
                f"{token} cannot hold the cents of a house price",
            )
        for name, kind in _pairs(node):
            text = ast.unparse(kind)
            if is_money_name(name) and _is_type_expression(kind) and _FLOAT.search(text.strip("()")):
                line = getattr(node, "lineno", 0)
                message = f"{name} is money and is typed {text}; inside the engine money is whole cents (int)"
                yield Finding(file.name, line, name, message)


def check_money(root: Path) -> Report:
    """Check every module of the package below ``root``."""
    return scan(GATE, python_files(root, FOLDERS), _check)
