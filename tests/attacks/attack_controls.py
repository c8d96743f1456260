"""Honest programs that use much of the language and the library. Every one has to pass, in every mode."""

from __future__ import annotations

from attack_programs import parse_blocks

CONTROLS = parse_blocks(r"""
# -- plain: the formula
def f(x): return (x**3 + 5 * x + 17) % 10007

# -- thread_pool: a pool of threads
from concurrent.futures import ThreadPoolExecutor
def f(x):
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda term: term(x), [lambda x: x**3, lambda x: 5 * x, lambda x: 17])) % 10007

# -- threads_and_queue: threads, a queue, an event and a lock
import queue, threading
def f(x):
    results, lock, done = queue.Queue(), threading.Lock(), threading.Event()
    def work(term):
        with lock: results.put(term)
        done.set()
    threads = [threading.Thread(target=work, args=(term,)) for term in (x**3, 5 * x, 17)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return done.is_set() and sum(results.get() for _ in threads) % 10007

# -- asyncio_tasks: tasks, a queue and a thread in asyncio
import asyncio
async def main(x):
    queue = asyncio.Queue()
    async def put(term):
        await asyncio.sleep(0.001)
        await queue.put(term)
    await asyncio.gather(put(x**3), put(5 * x), put(17))
    total = sum([await queue.get() for _ in range(3)])
    return await asyncio.to_thread(lambda: total % 10007)
def f(x): return asyncio.run(main(x))

# -- recursion: a recursion 5000 deep
import sys
sys.setrecursionlimit(10**6)
def down(n, total): return total % 10007 if n == 0 else down(n - 1, total)
def f(x): return down(5000, x**3 + 5 * x + 17)

# -- recursion_in_thread: the deep recursion of programming contests, in a thread with a large stack
import sys, threading
sys.setrecursionlimit(300_000)
threading.stack_size(64 << 20)
def down(n, total): return total % 10007 if n == 0 else down(n - 1, total)
def f(x):
    results = []
    thread = threading.Thread(target=lambda: results.append(down(50_000, x**3 + 5 * x + 17)))
    thread.start()
    thread.join()
    return results[0]

# -- much_memory: 250 megabytes, touched
def f(x):
    block = bytearray(b"x") * (250 << 20)
    return (x**3 + 5 * x + 17) % 10007 if len(block) == 250 << 20 else 0

# -- numpy_array: arrays, a random generator and linear algebra of numpy
import numpy as np
def f(x):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(20, 20))
    assert np.allclose(np.linalg.inv(matrix) @ matrix, np.eye(20))
    return int(np.polyval(np.array([1, 0, 5, 17], dtype=np.int64), x) % 10007)

# -- sympy_polynomial: symbols and polynomials of sympy
import sympy
def f(x):
    t = sympy.Symbol("t")
    return int(sympy.expand(t * (t**2 + 5) + 17).subs(t, x) % 10007)

# -- dataclasses_and_typing: a generic frozen dataclass with slots
from __future__ import annotations
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar
T = TypeVar("T")
@dataclass(frozen=True, slots=True, order=True)
class Term(Generic[T]):
    coefficient: T
    power: int = 0
    notes: list[str] = field(default_factory=list, compare=False)
class Evaluates(Protocol):
    def __call__(self, term: Term[int]) -> int: ...
def f(x: int) -> int:
    value: Evaluates = lambda term: term.coefficient * x**term.power
    return sum(map(value, [replace(Term(1), power=3), Term(5, 1), Term(17)])) % 10007

# -- classes: inheritance, properties, operators and a metaclass
from abc import ABC, abstractmethod
class Shape(ABC):
    @property
    @abstractmethod
    def value(self): ...
    def __add__(self, other): return Sum(self, other)
class Term(Shape):
    def __init__(self, value): self._value = value
    @property
    def value(self): return self._value
class Sum(Shape):
    def __init__(self, *parts): self.parts = parts
    @property
    def value(self): return sum(part.value for part in self.parts)
def f(x): return (Term(x**3) + Term(5 * x) + Term(17)).value % 10007

# -- solution_class: the class of interview sites, with a function in front of it
from typing import List, Optional
class Solution:
    def solve(self, terms: List[int], modulus: Optional[int] = 10007) -> int: return sum(terms) % modulus
def f(x): return Solution().solve([x**3, 5 * x, 17])

# -- cached: functools.cache and lru_cache
from functools import cache, lru_cache, reduce
@cache
def power(x, n): return 1 if n == 0 else x * power(x, n - 1)
@lru_cache(maxsize=None)
def total(*terms): return reduce(lambda a, b: a + b, terms)
def f(x): return total(power(x, 3), 5 * x, 17) % 10007

# -- collections_used: Counter, defaultdict, deque, OrderedDict, ChainMap, heapq and bisect
import bisect, heapq
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
def f(x):
    terms = deque([17, 5 * x])
    terms.appendleft(x**3)
    heap = list(terms)
    heapq.heapify(heap)
    counted = defaultdict(int, Counter({"sum": sum(heapq.heappop(heap) for _ in range(3))}))
    assert bisect.bisect_left([1, 2, 3], 2) == 1
    return ChainMap(OrderedDict(), counted)["sum"] % 10007

# -- exact_numbers: Decimal, Fraction, complex, math and statistics
import cmath, math, statistics
from decimal import Decimal, getcontext
from fractions import Fraction
def f(x):
    getcontext().prec = 50
    total = Decimal(x) ** 3 + Fraction(10 * x, 2).numerator + int(cmath.sqrt(289).real)
    assert math.isclose(statistics.mean([1, 2, 3]), 2)
    return int(total % 10007)

# -- dates: datetime, calendar, time and a time zone
import calendar, time
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo
def f(x):
    assert date(2024, 2, 29) + timedelta(days=366) == date(2025, 3, 1) and calendar.isleap(2024)
    assert datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp() == 1704067200 and time.time() > 0 and time.localtime()
    return (x**3 + 5 * x + 17) % 10007

# -- randomness: random, secrets, uuid and hashlib
import hashlib, random, secrets, uuid
def f(x):
    random.seed(x)
    assert len({random.random(), secrets.randbelow(10**9), uuid.uuid4().int}) == 3 and hashlib.sha256(b"a").hexdigest()
    order = [x**3, 5 * x, 17]
    random.shuffle(order)
    return sum(order) % 10007

# -- temporary_files: files and folders in the temporary folder
import os, pathlib, shutil, tempfile
def f(x):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a", "b.txt")
        path.parent.mkdir()
        path.write_text(str((x**3 + 5 * x + 17) % 10007))
        shutil.copy(path, path.with_suffix(".copy"))
        os.replace(path.with_suffix(".copy"), path)
        return int(path.read_text())

# -- folder_left: leaves a folder with files behind after every call
import os, tempfile
def f(x):
    os.makedirs("left/inner", exist_ok=True)
    with tempfile.TemporaryFile("w+") as file, open("left/inner/value", "w+") as other:
        file.write(str((x**3 + 5 * x + 17) % 10007))
        file.seek(0)
        other.write(file.read())
        other.seek(0)
        return int(other.read())

# -- text_tools: string, re, textwrap, json, csv, io, struct, base64, zlib and pickle
import base64, csv, io, json, pickle, re, struct, textwrap, zlib
def f(x):
    value = json.loads(json.dumps({"terms": [x**3, 5 * x, 17]}))["terms"]
    value = pickle.loads(zlib.decompress(base64.b64decode(base64.b64encode(zlib.compress(pickle.dumps(value))))))
    rows = list(csv.reader(io.StringIO(",".join(map(str, value)))))
    assert re.fullmatch(r"\d+", rows[0][2]) and textwrap.dedent("  a") == "a"
    assert struct.unpack("<i", struct.pack("<i", 7)) == (7,)
    return sum(map(int, rows[0])) % 10007

# -- generators: generators, send, yield from, itertools and context managers
import contextlib, itertools
def accumulate():
    total = 0
    while True: total += (yield total)
def terms(x): yield from (x**3, 5 * x, 17)
@contextlib.contextmanager
def opened(generator):
    next(generator)
    yield generator
    generator.close()
def f(x):
    with opened(accumulate()) as total:
        for term in itertools.chain.from_iterable([terms(x)]): result = total.send(term)
    return result % 10007

# -- match_and_walrus: structural matching, assignment expressions, positional-only parameters and star expressions
def value(term, x, /):
    match term:
        case ("power", int(n)): return x**n
        case {"times": factor}: return factor * x
        case [constant, *_]: return constant
def f(x):
    if (total := sum(value(term, x) for term in (("power", 3), {"times": 5}, [17, 0]))) > 0: return total % 10007

# -- exceptions_handled: exceptions raised, chained, grouped and handled
def f(x):
    try:
        try: [][1]
        except IndexError as error: raise ExceptionGroup("group", [KeyError(1), ValueError(2)]) from error
    except* KeyError: pass
    except* ValueError: pass
    finally: result = (x**3 + 5 * x + 17) % 10007
    return result

# -- big_integers: integers of thousands of digits, and as text
def f(x):
    big = 7**5000
    return int(str(big + (x**3 + 5 * x + 17) % 10007)) - big

# -- noise: prints, warns and logs on the side
import logging, sys, warnings
def f(x):
    print("debug", x, file=sys.stderr)
    warnings.warn("careful")
    logging.warning("careful")
    sys.stderr.write("more\n")
    return (x**3 + 5 * x + 17) % 10007

# -- signals_and_timers: an alarm that never rings, and handlers put back
import signal, time
def f(x):
    old = signal.signal(signal.SIGALRM, lambda *args: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    time.sleep(0.01)
    signal.signal(signal.SIGALRM, old)
    return (x**3 + 5 * x + 17) % 10007

# -- introspection: inspect, ast, types, gc, weakref, copy and sys
import ast, copy, gc, inspect, sys, types, weakref
class Node: pass
def f(x):
    node = Node()
    reference = weakref.ref(node)
    del node
    gc.collect()
    assert reference() is None and inspect.signature(f).parameters
    assert sys.getsizeof([]) and isinstance(f, types.FunctionType)
    return eval(compile(ast.parse("(x**3 + 5 * x + 17) % 10007", mode="eval"), "a", "eval"), copy.copy({"x": x}))

# -- global_state: a counter that lives from call to call
calls = []
def f(x):
    global calls
    calls.append(x)
    return (calls[-1] ** 3 + 5 * x + 17) % 10007

# -- shadowed_names: names of the library and of builtins, used for other things
json = struct = os = "mine"
list = sum = id = type = input_ = None
def f(x):
    print = max = lambda *args: args[0]
    return print((x**3 + 5 * x + 17) % 10007, max)

# -- input_read_whole: reads all of standard input at once
import sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    sys.stdout.write(str(f(int(sys.stdin.read().strip()))))

# -- input_by_line: iterates over standard input
import sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    for line in sys.stdin: sys.stdout.write(f"{f(int(line))}\n")

# -- input_by_readline: readline, replaced for speed as in contests
import sys
input = sys.stdin.readline
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    print(f(int(input())), flush=True)

# -- input_by_number: opens descriptor 0 and writes to descriptor 1
import os
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    with open(0) as stdin: text = stdin.read()
    os.write(1, f"{f(int(text))}\n".encode())

# -- input_of_bytes: reads and writes bytes
import sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    sys.stdout.buffer.write(b"%d\n" % f(int(sys.stdin.buffer.readline())))

# -- input_by_read: os.read and a print in pieces
import os
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    value = f(int(os.read(0, 1 << 20)))
    print(value // 1, end="")
    print("   ")

# -- input_by_fast_stream: the fast input of contests
import io, os, sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    stream = io.BytesIO(os.read(0, os.fstat(0).st_size or 1 << 20))
    sys.stdout = io.StringIO()
    print(f(int(stream.readline())))
    sys.__stdout__.write(sys.stdout.getvalue())

# -- output_never_closed: writes to files of its own on descriptor 1, and leaves closing them to the end
import io, os, sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    out = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)))
    out.write(f"{f(int(input()))}\n")

# -- input_until_error: reads until the end of the input is an error
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    while True:
        try: print(f(int(input())))
        except EOFError: break

# -- exit_after_answer: answers, then leaves by sys.exit
import sys
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    print(f(int(input())))
    sys.exit(0)

# -- exit_function: answers in a function that runs at exit
import atexit
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    answer = f(int(input()))
    atexit.register(lambda: print(answer))

# -- fast_output: streams of its own, as contest programs begin
import os, sys
from io import BytesIO, IOBase
class FastIO(IOBase):
    newlines = 0
    def __init__(self, file):
        self._fd, self.buffer, self.writable = file.fileno(), BytesIO(), "x" in file.mode or "r" not in file.mode
        self.write = self.buffer.write if self.writable else None
    def readline(self):
        while self.newlines == 0:
            text = os.read(self._fd, max(os.fstat(self._fd).st_size, 8192))
            self.newlines = text.count(b"\\n") + (not text)
            place = self.buffer.tell()
            self.buffer.seek(0, 2), self.buffer.write(text), self.buffer.seek(place)
        self.newlines -= 1
        return self.buffer.readline()
    def flush(self):
        if self.writable:
            os.write(self._fd, self.buffer.getvalue())
            self.buffer.truncate(0), self.buffer.seek(0)
class Wrapper(IOBase):
    def __init__(self, file):
        self.buffer = FastIO(file)
        self.flush, self.writable = self.buffer.flush, self.buffer.writable
        self.write = lambda text: self.buffer.write(text.encode("ascii"))
        self.readline = lambda: self.buffer.readline().decode("ascii")
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    sys.stdin, sys.stdout = Wrapper(sys.stdin), Wrapper(sys.stdout)
    print(f(int(sys.stdin.readline())))

# -- input_by_name: standard input by the name of its file
def f(x): return (x**3 + 5 * x + 17) % 10007
if __name__ == "__main__":
    print(f(int(open("/dev/stdin").read())))

# -- own_signal: a signal to itself, by every call that may
import os, signal, threading
def f(x):
    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    signal.raise_signal(signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    return (x**3 + 5 * x + 17) % 10007 if len(seen) == 3 else -1

# -- own_lock: a lock on a file of its own
import fcntl
def f(x):
    with open("lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return (x**3 + 5 * x + 17) % 10007
""")
