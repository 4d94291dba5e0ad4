"""An input for a web address; without a scheme it is taken as https."""

from __future__ import annotations

from typing import Any

from django import forms


class WebField(forms.URLField):
    """An http or https address."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(assume_scheme="https", max_length=500, **kwargs)
