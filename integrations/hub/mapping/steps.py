"""The steps of a row as people write them: one a line, `split separator=";"` or `link company`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations.hub.mapping.transforms import InvalidTransform

HELP: Final = (
    "One step a line, from theirs to ours; none for plain text. There are: lower · phone_format "
    "country=AU · number factor=100 · boolean · date_parse is_date=true · split separator=; · "
    "join · const value=web · picklist LIST · reference LIST · link OBJECT · owner."
)


def steps_write(steps: Sequence[Mapping[str, Any]]) -> str:
    """The stored steps as text; steps_read gives them back."""
    return "\n".join(_line(step) for step in steps)


def steps_read(text: str) -> list[dict[str, Any]]:
    """The steps of a text; raises InvalidTransform with the line that cannot be read."""
    return [_step(line) for line in text.splitlines() if line.strip()]


def _line(step: Mapping[str, Any]) -> str:
    words = [str(step.get("kind", ""))]
    for name, value in step.items():
        if name == "name":
            words.append(shlex.quote(str(value)))
        elif name != "kind":
            words.append(shlex.quote(f"{name}={_written(value)}"))
    return " ".join(words)


def _written(value: Any) -> str:
    """Text as it is, unless it would be read as something else."""
    if isinstance(value, str) and isinstance(_value(value), str) and _value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _step(line: str) -> dict[str, Any]:
    try:
        kind, *words = shlex.split(line)
    except ValueError:
        raise InvalidTransform(f"A quotation mark is not closed: {line.strip()}") from None
    step: dict[str, Any] = {"kind": kind}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            name, value = "name", word
        if name in step:
            raise InvalidTransform(f"{name} is said twice: {line.strip()}")
        step[name] = value if name == "name" else _value(value)
    return step


def _value(text: str) -> Any:
    """true, false, numbers and quoted text as JSON has them; anything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
