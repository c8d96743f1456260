"""Programs in a jail cannot read the package that judges them, wherever it is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from areas import needs

from reasonenv.execution.jail.confinement import rights_around_package
from reasonenv.execution.jail.kernel import landlock, namespaces, syscalls

PACKAGE = Path(namespaces.own_package())

pytestmark = needs("landlock")


def succeeds_in_child(action: Callable[[], object]) -> bool:
    process_id = os.fork()
    if process_id == 0:
        try:
            action()
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)
    return os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) == 0


def under_rules(action: Callable[[], object]) -> bool:
    """Whether a process succeeds that may read what stands beside the package, and has lost every privilege."""

    def confined() -> None:
        rights = rights_around_package(str(PACKAGE.parent))
        landlock.restrict(landlock.create_ruleset(rights, landlock.abi_version()))
        action()

    return succeeds_in_child(confined)


def test_rules_around_the_package_are_in_force() -> None:
    assert "landlock_restrict_self" in syscalls.NUMBERS
    assert not under_rules(lambda: list(Path("/").iterdir()))


def test_what_stands_beside_the_package_can_be_read() -> None:
    beside = next(path for path in sorted(PACKAGE.parent.iterdir()) if path.is_dir() and path != PACKAGE)
    assert under_rules(lambda: list(beside.iterdir()))
    assert under_rules(lambda: list(PACKAGE.parent.iterdir()))


def test_no_file_of_the_package_can_be_read() -> None:
    assert succeeds_in_child((PACKAGE / "types.py").read_bytes)
    assert not under_rules((PACKAGE / "types.py").read_bytes)


def test_a_folder_elsewhere_is_granted_as_a_whole() -> None:
    assert rights_around_package("/usr") == {"/usr": landlock.READ}
