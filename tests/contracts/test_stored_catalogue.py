"""The stored catalogue is the present one.

After a change of a part: `python tests/contracts/test_stored_catalogue.py > docs/catalogue.md`.
"""

from __future__ import annotations

import sys

from source_tree import ROOT

from reasonenv.catalogue import KINDS, list_parts, show_part
from reasonenv.prompts import TEMPLATES
from reasonenv.registration import ENVIRONMENTS

WIDTH = 118
INTRODUCTION = """# Catalogue

Every part that has a name, as `python -m reasonenv list` and `show NAME` print it. This page is made by
`python tests/contracts/test_stored_catalogue.py > docs/catalogue.md`, and a test compares it with the tables.
"""
SHOWN = {"templates": sorted(TEMPLATES)}
"""Kinds of which the page has everything, and not only the list."""


def catalogue() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for kind in KINDS:
        shown = "".join(f"```\n{show_part(name, kind=kind, width=WIDTH)}\n```\n\n" for name in SHOWN.get(kind, []))
        listed = "" if kind in SHOWN else f"```\n{list_parts(kind, width=WIDTH)}\n```\n"
        parts.append(f"## {kind.replace('-', ' ').capitalize()}\n\n{listed}{shown}".rstrip("\n") + "\n")
    return "\n".join(parts)


def test_stored_catalogue_is_the_present_one() -> None:
    assert (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8") == catalogue()


def test_catalogue_shows_every_environment() -> None:
    page = catalogue()
    assert all(env_id in page for env_id in ENVIRONMENTS)


if __name__ == "__main__":
    sys.stdout.write(catalogue())
