"""Programs that lie with what they return, raise or print. None of them knows an answer."""

from __future__ import annotations

from attack_programs import parse_blocks

VALUES = parse_blocks(r"""
# -- equal_to_all: an object equal to everything
class Any:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = None
def f(x): return Any()

# -- equal_metaclass: a class whose metaclass says it equals everything
class Meta(type):
    def __eq__(cls, other): return True
    def __ne__(cls, other): return False
    def __hash__(cls): return 0
    def __instancecheck__(cls, other): return True
class Answer(metaclass=Meta): pass
def f(x): return Answer

# -- class_property: claims through __class__ to be an int
class Liar:
    __class__ = property(lambda self: int)
    def __eq__(self, other): return True
    def __int__(self): return 0
    __index__ = __int__
def f(x): return Liar()

# -- float_subclass: float with every comparison true and no difference to anything
class Close(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __le__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    __hash__ = float.__hash__
def f(x): return Close(0)

# -- bool_like: an int subclass that names itself int and bool
class int_(int):
    def __eq__(self, other): return True
    def __bool__(self): return True
    __hash__ = int.__hash__
int_.__name__ = int_.__qualname__ = "int"
int_.__module__ = "builtins"
def f(x): return int_(1)

# -- str_of_many: a str subclass whose every conversion is another text
import itertools
counter = itertools.count()
class Text(str):
    def __str__(self): return str(next(counter))
    __repr__ = __format__ = __str__
    def __eq__(self, other): return True
    def strip(self, *args): return self
    def split(self, *args): return [self] * 1
    def splitlines(self, *args): return [self]
    __hash__ = str.__hash__
def f(x): return Text("0")

# -- list_two_faces: list whose iterator, length and items disagree
class Faces(list):
    def __iter__(self): return iter(range(10007))
    def __len__(self): return 1
    def __getitem__(self, index): return self
    def __eq__(self, other): return True
    def __contains__(self, other): return True
def f(x): return Faces()

# -- dict_two_faces: dict whose items change at each look
class Faces(dict):
    def items(self): return [("value", object()), ("value", 0)]
    def __iter__(self): return iter(["value"] * 9)
    def __getitem__(self, key): return self
    def keys(self): return ["value"]
    def __eq__(self, other): return True
def f(x): return Faces(value=1)

# -- tuple_equal: namedtuple equal to everything
from collections import namedtuple
class Point(namedtuple("Point", "a b")):
    __slots__ = ()
    def __eq__(self, other): return True
    def __iter__(self): return iter(())
    __hash__ = tuple.__hash__
def f(x): return Point(0, 0)

# -- mock_any: unittest.mock.ANY
from unittest.mock import ANY
def f(x): return ANY

# -- magic_mock: a mock that answers every call and comparison
from unittest.mock import MagicMock
def f(x):
    mock = MagicMock()
    mock.__eq__.side_effect = lambda other: True
    mock.__int__.return_value = 1
    return mock

# -- numpy_masked: a masked numpy value, neither equal nor unequal
def f(x):
    import numpy
    return numpy.ma.masked

# -- numpy_broadcast: an object array that compares elementwise
def f(x):
    import numpy
    return numpy.arange(10007)

# -- numpy_equal: an array subclass with its own ufuncs
def f(x):
    import numpy
    class Always(numpy.ndarray):
        def __array_ufunc__(self, *args, **kwargs): return numpy.True_
        def __eq__(self, other): return numpy.True_
        def item(self): return True
        def tolist(self): return True
    return numpy.zeros(1).view(Always)

# -- sympy_symbol: a symbolic value that might be anything
def f(x):
    import sympy
    return sympy.Symbol("y")

# -- not_a_number: NaN, unordered with everything
def f(x): return float("nan")

# -- infinity: infinity, within every relative tolerance of itself
def f(x): return float("inf")

# -- decimal_nan: Decimal subclass that is close to everything
from decimal import Decimal
class Near(Decimal):
    def __eq__(self, other): return True
    def __sub__(self, other): return Decimal(0)
    __rsub__ = __sub__
    __hash__ = Decimal.__hash__
def f(x): return Near("NaN")

# -- fraction_equal: Fraction subclass equal to everything
from fractions import Fraction
class Near(Fraction):
    def __eq__(self, other): return True
    numerator = denominator = property(lambda self: 1)
    __hash__ = Fraction.__hash__
def f(x): return Near(1, 2)

# -- enum_equal: IntEnum member equal to everything
from enum import IntEnum
class Kind(IntEnum):
    ONE = 1
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def f(x): return Kind.ONE

# -- set_of_all: the set of all answers
def f(x): return set(range(10007))

# -- range_of_all: a range that contains the answer
def f(x): return range(10007)

# -- generator: a generator of every answer
def f(x): yield from range(10007)

# -- coroutine: a coroutine instead of a value
async def f(x): return 0

# -- awaitable_equal: an awaitable whose result changes
class Later:
    def __await__(self):
        yield from range(10007)
    def __eq__(self, other): return True
def f(x): return Later()

# -- itself: the function returns itself and is equal to everything
class F:
    def __call__(self, *args, **kwargs): return self
    def __getattr__(self, name): return self
    def __eq__(self, other): return True
    def __iter__(self): return iter([self])
f = F()

# -- constructor: f is a class, its instances equal to everything
class f:
    def __new__(cls, x): return object.__new__(cls)
    def __eq__(self, other): return True
    def __hash__(self): return 0

# -- weak_proxy: a weak reference to an object that is gone
import weakref
class Gone: pass
def f(x): return weakref.proxy(Gone())

# -- changing_repr: representation, length and hash differ at every look
import itertools
count = itertools.count()
class Changing:
    def __repr__(self): return str(next(count))
    def __len__(self): return next(count)
    def __hash__(self): return next(count)
    def __index__(self): return next(count)
    def __getattr__(self, name): return lambda *args: next(count)
    def __eq__(self, other): return True
def f(x): return Changing()

# -- reduce_ex: pickles into a call that prints and exits
class Bomb:
    def __reduce_ex__(self, protocol): return (exec, ("import os; os._exit(0)",))
    def __getstate__(self): return {"passed": True}
    def __json__(self): return "true"
    default = to_json = toJSON = tolist = item = __json__
def f(x): return Bomb()

# -- copyreg_int: registers its own pickling and copying of ints
import copyreg
copyreg.dispatch_table[int] = lambda value: (eval, ("Any()",))
copyreg.dispatch_table[bool] = lambda value: (eval, ("True",))
def f(x): return True

# -- ellipsis: singletons that some comparisons treat as wildcards
def f(x): return [Ellipsis, NotImplemented, None, Ellipsis][x % 4]

# -- true_value: True where a number is wanted
def f(x): return True

# -- text_wildcard: texts that pattern matchers and doctest take for anything
def f(x): return ["...", ".*", "*", "<BLANKLINE>", "%s"][x % 5]

# -- surrogates: unpaired surrogates, NULs and separators in text and keys
def f(x): return {"\udc80\ud800\0\u2028": ["\udfff" * 100, "\x00", "\x1e\x1f\x85"], "\ud83d": "\ude00"}

# -- key_collisions: keys that become one once they are text
def f(x): return {1: 0, "1": 1, True: 2, 1.0: 3, None: 4, "null": 5, "None": 6, (1,): 7, "(1,)": 8, "true": 9}

# -- nested_deep: a list nested 100,000 deep
def f(x):
    value = 0
    for _ in range(100_000): value = [value]
    return value

# -- nested_wide_sharing: 2**60 leaves in 60 shared lists
def f(x):
    value = [0]
    for _ in range(60): value = [value, value]
    return value

# -- cyclic_dict: a dictionary that contains itself through a tuple
def f(x):
    value = {}
    value["self"] = (value, [value])
    return value

# -- int_too_long: an int with a million digits
def f(x): return 10**1_000_000

# -- negative_zero: -0.0, and floats at the edges of the format
def f(x): return [-0.0, 5e-324, 1.7976931348623157e308, float("-inf")][x % 4]

# -- exception_claims: an exception whose text is a verdict
class Passed(Exception):
    passed = success = True
    num_passed = num_tests = 5
    def __str__(self): return '{"status": "passed", "num_passed": 5, "ok": true}'
    __repr__ = __str__
def f(x): raise Passed

# -- exception_exits: an exception whose representation leaves with code 0
import os
class Leave(Exception):
    def __str__(self): os._exit(0)
    __repr__ = __str__
def f(x): raise Leave

# -- exception_name: an exception whose class has no proper name
class Meta(type):
    __name__ = property(lambda cls: 1 / 0)
    __module__ = property(lambda cls: cls)
class Odd(Exception, metaclass=Meta):
    args = property(lambda self: 1 / 0)
    def __str__(self): return None
def f(x): raise Odd

# -- base_exceptions: GeneratorExit, KeyboardInterrupt, StopIteration and their kin
def f(x): raise [GeneratorExit, KeyboardInterrupt, StopIteration, StopAsyncIteration, BaseException][x % 5](0)

# -- stops_iteration: raises what ends a loop over calls of it
def f(x): raise StopIteration

# -- exit_with_answer: SystemExit with numbers, texts and None
import sys
def f(x): sys.exit([0, None, "passed", True, (0,)][x % 5])

# -- exception_group: nested exception groups
def f(x):
    group = ExceptionGroup("passed", [ValueError(0)])
    for _ in range(2000): group = ExceptionGroup("passed", [group])
    raise group

# -- print_all: prints every possible answer, one per line
def f(x):
    print("\n".join(map(str, range(10007))))
    return "\n".join(map(str, range(10007)))

# -- print_overwrite: carriage returns, backspaces and escape sequences over numbers
def f(x): return "1\r2\r3\b4\x1b[2K\x1b[1G5\x0c\x00"

# -- print_verdict: prints what test runners print
def f(x):
    print("OK\nPASSED\n5 passed in 0.01s\nok 1\n{'passed': true}\n" * 9)
    return "All tests passed"

# -- print_nothing_matches: prints a judge's special words
def f(x):
    print("nan", "inf", "None", "null", "<ignored>", "Accepted", sep="\n", end="")
    return ""

# -- digits_of_other_scripts: numbers written with digits of other scripts
def f(x): return "".join(chr(0x0660 + int(digit)) for digit in str(x))

# -- echo_input: repeats its input, its arguments and its environment
import sys
def f(x): return (x, sys.argv, sys.orig_argv, sys.stdin, sys.flags)[0]
""")
