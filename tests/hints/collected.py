# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every hint in the source, found by reading it: what is given as `hint`, or stands in a name that says so."""

import ast
from functools import cache
from pathlib import Path

import valetkey

SOURCE = Path(valetkey.__file__).parent.parent
PACKAGES = ("valetkey", "haystack_integrations")


def texts_of(node):
    """Every text that an expression may be; what is filled in later is `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)]
        case ast.IfExp(body=body, orelse=otherwise):
            return texts_of(body) + texts_of(otherwise)
        case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            return [text for value in values for text in texts_of(value)]
        case ast.Call(func=ast.Attribute(attr="get"), args=[_, otherwise]):
            return texts_of(otherwise)
        case ast.BoolOp(values=values):
            return [text for value in values for text in texts_of(value)]
    return []


def _says_hint(node):
    return isinstance(node, ast.Name) and "hint" in node.id.lower()


def _assigned(node):
    """The expressions that an assignment gives to a name with `hint` in it."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if _says_hint(target) and node.value is not None:
            yield node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from (value for name, value in zip(target.elts, node.value.elts, strict=True) if _says_hint(name))


def hints_in(source):
    """Every hint in the text of a module."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        expressions = []
        if isinstance(node, ast.Call):
            expressions = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            if isinstance(node.func, ast.Attribute) and node.func.attr == "with_hint":
                expressions += node.args
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            expressions = list(_assigned(node))
        elif isinstance(node, ast.FunctionDef) and "hint" in node.name:
            expressions = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            expressions += [each.value for each in ast.walk(node) if isinstance(each, ast.Assign)]
        found |= {" ".join(text.split()) for expression in expressions for text in texts_of(expression)}
    return {text for text in found if len(text) > 4}


@cache
def all_hints():
    """Every hint in the source, with the modules that give it."""
    found = {}
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            for text in hints_in(path.read_text(encoding="utf-8")):
                found.setdefault(text, []).append(str(path.relative_to(SOURCE)))
    return found
