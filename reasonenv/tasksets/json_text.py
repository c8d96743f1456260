"""JSON text with integers of any length, which Python's own reader refuses above some thousand digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

__all__ = ["read_json"]


def read_json(text: str) -> Any:
    """Return what JSON text holds; raises as `json.loads` does for other text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # more digits than Python reads
        return json.loads(text, parse_int=lambda digits: int(Decimal(digits)))
