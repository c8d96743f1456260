"""Which programs may have several tests run by one process: those whose compiled code leaves nothing behind.

This spares honest programs a fork per test, and is no defence. What a program prints is compared outside, with answers
that its process has never seen; one that gets past this check has passed something from one of its own tests to the
next, and gained nothing. Whatever is not understood here gets a fork per test.
"""

from __future__ import annotations

import math
import opcode
import sys
from collections.abc import Iterator
from types import CodeType


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MODULES = _names(
    """
    __future__ array bisect cmath collections collections.abc copy dataclasses datetime enum fractions functools heapq
    io itertools math numbers operator re statistics string struct sys textwrap time typing
    """
)
_OF_SYS = _names("argv byteorder exit getrecursionlimit maxsize setrecursionlimit stderr stdin stdout")
_REFUSED = frozenset(name for name in dir(sys) if name not in _OF_SYS and not name.startswith("__")) | _names(
    """
    FileIO breakpoint builtins clock_gettime compile copyreg delattr eval exec getattr globals help inspect locals open
    open_code os process_time process_time_ns register setattr thread_time thread_time_ns vars
    """
)
"""Names by which a program reaches what outlives its own variables, or code that is not to be seen here."""
_SPECIAL = {
    f"__{name}__"
    for name in _names(
        """
        abs add and annotate annotations bool call ceil class_getitem classcell classdictcell contains copy deepcopy
        delitem divmod doc enter eq exit firstlineno float floor floordiv ge getitem gt hash iadd iand ifloordiv imod
        imul index init int invert ior isub iter itruediv ixor le len lshift lt main match_args matmul missing mod
        module mul name ne neg next or pos post_init pow qualname radd rand repr reversed rfloordiv rmod rmul ror round
        rpow rshift rsub rtruediv rxor setitem slots static_attributes str sub truediv trunc xor
        """
    )
}
"""What classes define and the compiler writes."""
_ATTRIBUTES_OF_MODULES = {name for module in (math, sys) for name in dir(module)}
_IMPORT, _STORE, _DELETE = (opcode.opmap[name] for name in ("IMPORT_NAME", "STORE_ATTR", "DELETE_ATTR"))
_COPY, _SWAP, _CACHE = (opcode.opmap[name] for name in ("COPY", "SWAP", "CACHE"))
_LOADS = {opcode.opmap[name] for name in ("LOAD_NAME", "LOAD_GLOBAL")}


def is_stateless(code: CodeType) -> bool:
    """Return whether an honest script changes nothing that a later run of it in the same process could notice.

    Files, processes, threads and `eval` are refused by name; only modules that keep no state are known. Names in
    strings, aliases of modules, or attributes of the classes of these modules, get past this.
    """
    return all(_is_known(part) for part in _parts(code))


def _parts(code: CodeType) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        part = pending.pop()
        yield part
        pending += [constant for constant in part.co_consts if isinstance(constant, CodeType)]


def _is_known(code: CodeType) -> bool:
    if _changes_module(code):
        return False
    names = frozenset(code.co_names)
    if names & _REFUSED or any(name.startswith("__") and name.endswith("__") for name in names - _SPECIAL - _MODULES):
        return False
    for operation, argument in _instructions(code.co_code):
        if operation == _IMPORT and code.co_names[argument] not in _MODULES:
            return False
        if operation in (_STORE, _DELETE):
            name = code.co_names[argument]
            if name in _ATTRIBUTES_OF_MODULES or name in _SPECIAL:
                return False
    return True


def _changes_module(code: CodeType) -> bool:
    """Return whether an attribute is set of what has the name of a module, as by `string.digits += "x"`.

    The value is pushed first, then the module; in place, the module first, and a copy of it.
    """
    steps = [step for step in _instructions(code.co_code) if step[0] != _CACHE]
    for place, (operation, _) in enumerate(steps):
        if operation not in (_STORE, _DELETE):
            continue
        base = place - 1
        if steps[base][0] == _SWAP:
            base = max((index for index in range(base) if steps[index][0] == _COPY), default=0) - 1
        loaded, argument = steps[base]
        if loaded in _LOADS and _name_of(code, loaded, argument) in _MODULES:
            return True
    return False


def _name_of(code: CodeType, operation: int, argument: int) -> str:
    has_flag = operation == opcode.opmap["LOAD_GLOBAL"]  # whether to push NULL, too
    return code.co_names[argument >> 1 if has_flag else argument]


def _instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """Yield operations and their arguments: two bytes each, where prefixes hold the higher bytes of an argument."""
    higher = 0
    for operation, argument in zip(code[::2], code[1::2], strict=True):
        argument |= higher
        higher = argument << 8 if operation == opcode.EXTENDED_ARG else 0
        yield operation, argument
