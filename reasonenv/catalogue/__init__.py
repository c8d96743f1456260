"""What there is, as text: every part that has a name, made from the tables; `python -m reasonenv list` and `show`.

Nothing about a part is written here: what is shown is what the parts themselves say.
"""

from __future__ import annotations

from reasonenv.catalogue.lists import KINDS, list_parts
from reasonenv.catalogue.pages import show_part

__all__ = ["KINDS", "list_parts", "show_part"]
