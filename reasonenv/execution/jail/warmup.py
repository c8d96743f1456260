"""A small program that a zygote runs, in the ways in which programs are run, before it forks anything.

What the interpreter caches when it does something for the first time (where a type has its methods, interned names,
buffers) would otherwise be cached by every fork again, in memory that has to be copied for that.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType

from ..wire.channel import memory_file
from ..wire.codec import encode
from .programs import call_function, finish, load, look_up

_PROGRAM = """
import sys
class Solution:
    def __init__(self):
        self.number = 0
    def g(self, x):
        self.number += x
        return [str(x), x + 1.5, {x: (x, None)}]
def f(x):
    return sum(number * number for number in range(x))
"""
_SCRIPT = (
    _PROGRAM
    + """
def main():
    numbers = list(map(int, input().split()))
    print(f(numbers[0]), *numbers)
    print(sys.stdin.readline().strip(), sys.stdin.read())
if __name__ == "__main__":
    main()
"""
)
_NUM_TIMES = 3


def warm_up() -> None:
    """Call functions and run a script, with files in the places of the standard streams."""
    for _ in range(_NUM_TIMES):
        for name in ("f", "g"):
            line = call_function(look_up(load(_PROGRAM), name), encode((1,)))
            assert json.loads(json.dumps(line))[0] == "value", "the warm-up works"
            del sys.modules["solution"]
        _run_script()


def _run_script() -> None:
    streams = sys.stdin, sys.stdout, sys.stderr
    main = ModuleType("__main__")
    with (
        open(memory_file(b"1 2\n3\n4\n"), encoding="utf-8") as stdin,
        open(memory_file(), "w", encoding="utf-8") as stdout,
    ):
        sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stdout
        try:
            exec(compile(_SCRIPT, "main.py", "exec"), vars(main))
            finish(vars(main))
        finally:
            sys.stdin, sys.stdout, sys.stderr = streams
