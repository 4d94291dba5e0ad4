"""Body templates: JSON with `{{path}}` placeholders, filled from plain values; pure, no code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from integrations.rest_crm.paths import MISSING, Path, path_find, path_words
from integrations.rest_crm.plain import Unrenderable, plain, text_of

LONGEST_TEMPLATE = 20_000
DEEPEST = 20
JOIN = ", "

Filter = Literal["", "join", "text"]
FILTERS: tuple[Filter, ...] = ("join", "text")
PLACEHOLDER = re.compile(
    r"\{\{\s*(?P<path>[A-Za-z_]\w*(?:\.\w+)*)(?P<optional>\?)?\s*(?:\|\s*(?P<filter>\w+)\s*)?\}\}",
    re.ASCII,
)


class TemplateError(ValueError):
    """A template that cannot be used; `str()` names the line."""


class MissingValue(ValueError):
    """A template needs a value that the record does not have; `name` is its path."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The body needs {name}, and the record has none.")


@dataclass(frozen=True)
class Placeholder:
    """`{{path}}`, `{{path?}}` when it may be missing, `{{path|join}}` for a list as one text."""

    path: Path
    is_optional: bool = False
    filter: Filter = ""

    def __str__(self) -> str:
        mark = "?" if self.is_optional else ""
        return f"{{{{{path_words(self.path)}{mark}{f'|{self.filter}' if self.filter else ''}}}}}"


@dataclass(frozen=True)
class Text:
    """A text with placeholders inside it."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))


@dataclass(frozen=True)
class Template:
    """A parsed template; `root` is JSON whose texts may be Placeholder or Text."""

    root: Any

    def render(self, values: Mapping[str, Any], *, is_partial: bool = False) -> Any:
        """The body; raises MissingValue or Unrenderable.

        An optional placeholder without a value is left out, and so is an object all of whose
        placeholders were. `is_partial` is for changed fields only: everything is optional then,
        and an explicit null is sent, since it clears the field over there.
        """
        filled = _fill(self.root, values, is_partial)
        return {} if filled is MISSING else filled

    def placeholders(self) -> Iterator[Placeholder]:
        for _, found in _walk(self.root, ()):
            yield from (found,) if isinstance(found, Placeholder) else found.placeholders

    def leaves(self) -> Iterator[tuple[Path, Placeholder]]:
        """Where each whole value goes: what makes the template readable backwards."""
        for path, found in _walk(self.root, ()):
            if isinstance(found, Placeholder):
                yield path, found


# --- Parsing ------------------------------------------------------------------------------------


def template_parse(text: str) -> Template:
    """Raises TemplateError, naming the line where it can."""
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateError(f"A template has at most {LONGEST_TEMPLATE} characters.")
    _check_placeholders(text)
    try:
        content = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TemplateError(f"Line {error.lineno}: this is no JSON ({error.msg}).") from error
    except RecursionError as error:
        raise TemplateError("The template is nested too deeply.") from error
    return Template(_node(content, depth=0))


def _check_placeholders(text: str) -> None:
    """`{{` stands only in texts of valid JSON, so the raw template can be searched by line."""
    for number, line in enumerate(text.splitlines(), start=1):
        start = line.find("{{")
        while start >= 0:
            found = PLACEHOLDER.match(line, start)
            if found is None:
                raise TemplateError(f"Line {number}: {line[start : start + 40]!r} {_FORM}")
            if found["filter"] and found["filter"] not in FILTERS:
                raise TemplateError(f"Line {number}: {_filter_words(found['filter'])}")
            start = line.find("{{", found.end())


_FORM = "is no placeholder; write {{name}}, {{name?}} or {{name|join}}."


def _filter_words(name: str) -> str:
    return f"no filter is called {name!r}; there are {' and '.join(FILTERS)}."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise TemplateError(f"The name {name!r} stands twice in one object.")
        if "{{" in name:
            raise TemplateError(f"A placeholder cannot be a name: {name!r}.")
        made[name] = value
    return made


def _no_constant(name: str) -> NoReturn:
    raise TemplateError(f"{name} is no JSON.")


def _node(content: Any, *, depth: int) -> Any:
    if depth > DEEPEST:
        raise TemplateError("The template is nested too deeply.")
    if isinstance(content, dict):
        return {name: _node(value, depth=depth + 1) for name, value in content.items()}
    if isinstance(content, list):
        return [_node(value, depth=depth + 1) for value in content]
    return _text_node(content) if isinstance(content, str) else content


def _text_node(text: str) -> str | Placeholder | Text:
    parts: list[str | Placeholder] = []
    end = 0
    for found in PLACEHOLDER.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(_placeholder(found))
        end = found.end()
    if end < len(text):
        parts.append(text[end:])
    if any(isinstance(part, str) and "{{" in part for part in parts):
        raise TemplateError(f"{text[:40]!r} {_FORM}")
    if not any(isinstance(part, Placeholder) for part in parts):
        return text
    first = parts[0]
    return first if len(parts) == 1 and isinstance(first, Placeholder) else Text(tuple(parts))


def _placeholder(found: re.Match[str]) -> Placeholder:
    name = found["filter"] or ""
    known: Filter | None = next((known for known in ("", *FILTERS) if known == name), None)
    if known is None:
        raise TemplateError(_filter_words(name))
    return Placeholder(tuple(found["path"].split(".")), bool(found["optional"]), known)


# --- Filling ------------------------------------------------------------------------------------


def _fill(node: Any, values: Mapping[str, Any], is_partial: bool) -> Any:
    if isinstance(node, Placeholder):
        return _value(node, values, is_partial)
    if isinstance(node, Text):
        return _text(node, values, is_partial)
    if isinstance(node, dict):
        return _fill_object(node, values, is_partial)
    if isinstance(node, list):
        filled = [_fill(child, values, is_partial) for child in node]
        return _unless_emptied(node, filled, [one for one in filled if one is not MISSING])
    return node


def _fill_object(node: dict[str, Any], values: Mapping[str, Any], is_partial: bool) -> Any:
    filled = {name: _fill(child, values, is_partial) for name, child in node.items()}
    kept = {name: value for name, value in filled.items() if value is not MISSING}
    return _unless_emptied([*node.values()], [*filled.values()], kept)


def _unless_emptied(nodes: list[Any], filled: list[Any], kept: Any) -> Any:
    """Constants alone say nothing when all that they went with is missing."""
    held = [value for node, value in zip(nodes, filled, strict=True) if _holds(node)]
    return MISSING if held and all(value is MISSING for value in held) else kept


def _holds(node: Any) -> bool:
    return next(_walk(node, ()), None) is not None


def _value(placeholder: Placeholder, values: Mapping[str, Any], is_partial: bool) -> Any:
    found = path_find(values, placeholder.path)
    may_go = placeholder.is_optional or is_partial
    if found is MISSING or (not is_partial and _is_empty(found)):
        if may_go:
            return MISSING
        if found is MISSING:
            raise MissingValue(path_words(placeholder.path))
    return _filtered(placeholder, found)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, list | tuple) and not value)


def _filtered(placeholder: Placeholder, value: Any) -> Any:
    try:
        if value is None or not placeholder.filter:
            return plain(value)
        if placeholder.filter == "join" and isinstance(value, list | tuple):
            return JOIN.join(text_of(one) for one in value)
        return text_of(value)
    except Unrenderable as error:
        raise Unrenderable(f"{path_words(placeholder.path)}: {error}") from error


def _text(node: Text, values: Mapping[str, Any], is_partial: bool) -> Any:
    found = [_value(one, values, is_partial) for one in node.placeholders]
    if all(value is MISSING for value in found):
        return MISSING
    rest = iter(found)
    return "".join(
        part if isinstance(part, str) else _inside(next(rest)) for part in node.parts
    ).strip()


def _inside(value: Any) -> str:
    return "" if value is MISSING or value is None else text_of(value)


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, Placeholder | Text]]:
    if isinstance(node, Placeholder | Text):
        yield path, node
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _walk(child, (*path, name))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _walk(child, (*path, str(number)))
