"""The strict loader of law files.

Every defect of a file is reported at once: duplicate keys, unknown keys, wrong types, values without a citation,
citations of unknown documents, overlapping periods, placeholders that name no parameter.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import string
from collections.abc import Hashable
from decimal import Decimal
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from hopenow.errors import LawError
from hopenow.law.model import Document, OptionLaw, RuleSet, Source, Value

_OPEN_START = datetime.date.min
_OPEN_END = datetime.date.max


class _StrictLoader(yaml.CSafeLoader):
    """YAML without duplicate keys and without binary floats."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    result: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            line = key_node.start_mark.line + 1
            raise LawError(f"line {line}: the key {key!r} stands twice; keep one of them")
        result[key] = loader.construct_object(value_node, deep=True)
    return result


def _decimal(loader: _StrictLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)))


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def read_strict(path: Traversable) -> Any:
    """Read a YAML file; duplicate keys are errors and decimal numbers stay exact.

    Raises:
        LawError: the file is not YAML, or a key stands twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506  (a safe loader)
    except LawError as error:
        raise LawError(f"{path.name}: {error}") from None
    except yaml.YAMLError as error:
        raise LawError(f"{path.name}: not readable as YAML: {error}") from None
    except ValueError as error:
        raise LawError(f"{path.name}: a date that does not exist: {error}") from None


def load_documents(path: Traversable) -> dict[str, Document]:
    """Load a table of documents, by the key that citations use."""
    try:
        return TypeAdapter(dict[str, Document]).validate_python(read_strict(path))
    except ValidationError as error:
        raise LawError(_all_defects(path.name, error)) from None


def load_option(path: Traversable, documents: dict[str, Document]) -> OptionLaw:
    """Load one option's law and check it whole.

    Args:
        path: the YAML file.
        documents: the documents that citations may name.

    Raises:
        LawError: naming every defect found in the file.
    """
    content = read_strict(path)
    if not isinstance(content, dict):
        raise LawError(f"{path.name}: the file is empty or not a mapping")
    try:
        law = OptionLaw.model_validate(content)
    except ValidationError as error:
        raise LawError(_all_defects(path.name, error)) from None
    law = law.model_copy(update={"documents": {**documents, **law.documents}})
    defects = [*_citations(law), *_overlaps(law), *_references(law), *_alternatives(law)]
    if defects:
        raise LawError(f"{path.name}: " + "; ".join(defects))
    return law


@functools.cache
def package_documents(package: str) -> dict[str, Document]:
    """Load the table of documents (``documents.yaml``) that lies in a package, once."""
    return load_documents(importlib.resources.files(package).joinpath("documents.yaml"))


@functools.cache
def package_option(package: str, name: str) -> OptionLaw:
    """Load one law file that lies in a package beside its table of documents, once."""
    return load_option(importlib.resources.files(package).joinpath(f"{name}.yaml"), package_documents(package))


def _all_defects(name: str, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        lines.append(f"{place}: {item['msg']}")
    return f"{name}: " + "; ".join(lines)


def _sources(law: OptionLaw) -> list[tuple[str, Source | Value | RuleSet]]:
    found: list[tuple[str, Source | Value | RuleSet]] = [
        (f"rule set {item.id}", item) for item in law.rule_sets
    ]
    found += [(f"parameter {name}", value) for name, item in law.parameters.items() for value in item.values]
    found += [
        (f"alternative of {name}", value) for name, item in law.parameters.items() for value in item.alternatives
    ]
    found += [(f"rule {name}", source) for name, item in law.rules.items() for source in item.sources]
    found += [(f"process {name}", source) for name, item in law.process.items() for source in item.sources]
    return found


def _citations(law: OptionLaw) -> list[str]:
    return [
        f"{place} cites {source.cite!r}, which is not in the table of documents"
        for place, source in _sources(law)
        if source.cite.split("#")[0] not in law.documents
    ]


def _overlaps(law: OptionLaw) -> list[str]:
    defects = []
    for authority in {name for item in law.rule_sets for name in item.authorities}:
        periods = [
            (item.start or _OPEN_START, item.end or _OPEN_END, item.id)
            for item in law.rule_sets
            if authority in item.authorities
        ]
        defects += _overlapping(sorted(periods), f"rule sets of {authority}")
        for name, parameter in law.parameters.items():
            for rule_set in [item.id for item in law.rule_sets if authority in item.authorities]:
                spans = [
                    (value.start or _OPEN_START, value.end or _OPEN_END, str(value.value))
                    for value in parameter.values
                    if authority in value.authorities and (not value.rule_sets or rule_set in value.rule_sets)
                ]
                defects += _overlapping(sorted(spans), f"parameter {name} of {authority} in {rule_set}")
    return defects


def _overlapping(spans: list[tuple[datetime.date, datetime.date, str]], what: str) -> list[str]:
    return [
        f"{what}: {later[2]} begins {later[0]} before {earlier[2]} ends {earlier[1]}"
        for earlier, later in pairwise(spans)
        if later[0] <= earlier[1]
    ]


def _references(law: OptionLaw) -> list[str]:
    known_sets = {item.id for item in law.rule_sets}
    defects = []
    named: list[tuple[str, tuple[str, ...]]] = [
        (f"rule {name}", item.rule_sets) for name, item in law.rules.items()
    ]
    named += [(f"process {name}", item.rule_sets) for name, item in law.process.items()]
    named += [
        (f"parameter {name}", value.rule_sets)
        for name, item in law.parameters.items()
        for value in [*item.values, *item.alternatives]
    ]
    for place, rule_sets in named:
        defects += [
            f"{place} names the unknown rule set {name!r}" for name in rule_sets if name not in known_sets
        ]
    texts = [(f"rule {name}", f"{item.says} {item.change}") for name, item in law.rules.items()]
    texts += [(f"process {name}", item.says) for name, item in law.process.items()]
    for place, text in texts:
        for _, field, _, _ in string.Formatter().parse(text):
            if field is not None and field not in law.parameters:
                defects.append(f"{place} mentions the unknown parameter {{{field}}}")
    return defects


def _alternatives(law: OptionLaw) -> list[str]:
    """An alternative stands in for some value of each of its authorities, and says something else."""
    defects = []
    for name, parameter in law.parameters.items():
        seen: set[tuple[str, str]] = set()
        for alternative in parameter.alternatives:
            for authority in alternative.authorities:
                place = f"alternative {alternative.value!r} of {name} for {authority}"
                covered = parameter.covered(alternative, authority)
                if not covered:
                    defects.append(f"{place} stands in for no value")
                if any(same(value.value, alternative.value) for value in covered):
                    defects.append(f"{place} is the value that it would stand in for")
                if (authority, repr(alternative.value)) in seen:
                    defects.append(f"{place} is listed twice")
                seen.add((authority, repr(alternative.value)))
    return defects


def same(one: object, other: object) -> bool:
    """Whether two published values are the same; True and 1 are equal in Python, but not the same."""
    return type(one) is type(other) and one == other
