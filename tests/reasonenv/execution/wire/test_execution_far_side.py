"""What runs on the far side of the jail's door is the standard library, `jail` and `wire`: nothing of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

from reasonenv.execution import wire

EXECUTION = Path(wire.__file__).parents[1]
SOURCES = sorted(path for room in ("jail", "wire") for path in (EXECUTION / room).rglob("*.py"))
IMPORT_ALL = """
import sys, types
package = sys.modules["elsewhere"] = types.ModuleType("elsewhere")
package.__path__ = [sys.argv[1]]
import elsewhere.jail.zygote
print(*sorted(name for name in sys.modules if name.split(".")[0] not in sys.stdlib_module_names))
"""


def imported(path: Path) -> set[str]:
    folder = ".".join(path.relative_to(EXECUTION).parent.parts)
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(resolve_name("." * node.level + (node.module or ""), f"execution.{folder}"))
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(EXECUTION)))
def test_the_far_side_imports_the_standard_library_and_its_own_modules(path: Path) -> None:
    room = path.relative_to(EXECUTION).parts[0]
    own = ("execution.wire",) if room == "wire" else ("execution.wire", "execution.jail")
    foreign = {name for name in imported(path) if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(own)} == set()


def test_a_zygote_loads_nothing_else_of_the_package() -> None:
    command = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(EXECUTION)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[1] for name in loaded if name.startswith("elsewhere.")} == {"jail", "wire"}
    assert {name.split(".")[0] for name in loaded} - {"__main__"} == {"elsewhere"}
