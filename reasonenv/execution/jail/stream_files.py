"""Standard streams by the names of their files, which a root without `/proc` does not have."""

from __future__ import annotations

import builtins
import io
import os
import re
from typing import Any

_NAME = re.compile(r"/dev/std(?P<stream>in|out|err)|/(?:dev|proc/self)/fd/(?P<number>\d{1,4})")
_STREAMS = {"in": 0, "out": 1, "err": 2}


def show_stream_files() -> None:
    """Make `open("/dev/stdin")` and the like open a copy of the descriptor that they name."""
    open_file = io.open

    def opening(file: Any, *arguments: Any, **keywords: Any) -> Any:
        found = _NAME.fullmatch(os.fsdecode(file)) if isinstance(file, str | bytes | os.PathLike) else None
        if found is not None:
            stream = found["stream"]
            file = os.dup(int(found["number"]) if stream is None else _STREAMS[stream])
        return open_file(file, *arguments, **keywords)

    builtins.open = io.open = opening
