"""Programs that go for whoever runs and judges them: the interpreter around them, and the channel out of it."""

from __future__ import annotations

from attack_programs import parse_blocks

INTERPRETER = parse_blocks(r"""
# -- builtins_lie: replaces type, isinstance, len, repr and their kin
import builtins
class Any:
    def __eq__(self, other): return True
for name in ("type", "isinstance", "issubclass", "len", "repr", "str", "int", "getattr", "hasattr", "id", "all", "any"):
    setattr(builtins, name, lambda *args, **kwargs: Any())
def f(x): return Any()

# -- builtins_gone: deletes every builtin after it was defined
def f(x):
    import builtins
    for name in list(vars(builtins)):
        if name != "__import__": delattr(builtins, name)
    return 0

# -- compile_lies: replaces compile, exec, eval, open and print
import builtins
builtins.compile = builtins.eval = builtins.exec = builtins.open = lambda *args, **kwargs: None
builtins.print = lambda *args, **kwargs: None
def f(x): return 0

# -- build_class: replaces class building and imports
import builtins
builtins.__build_class__ = lambda *args, **kwargs: f
builtins.__import__ = lambda *args, **kwargs: f
def f(*args, **kwargs): return f
f.dumps = f.loads = f.write = f.stdout = f

# -- encoder_replaced: replaces the pieces of json, pickle and marshal below their functions
import json.encoder, json.decoder, json.scanner, marshal, struct, base64, pickle
json.encoder.c_make_encoder = json.encoder.encode_basestring_ascii = json.encoder.encode_basestring = None
json.encoder.INFINITY = 0
json.encoder.JSONEncoder.default = lambda self, value: True
json.encoder.JSONEncoder.encode = json.encoder.JSONEncoder.iterencode = lambda self, value, *rest: "[true]"
json.decoder.scanstring = json.scanner.make_scanner = lambda *args: True
marshal.dumps = pickle._dumps = base64.b64encode = struct.pack = lambda *args: b"true"
def f(x): return object()

# -- operator_replaced: replaces comparisons in operator, math and unittest
import math, operator, unittest.case
operator.eq = operator.__eq__ = operator.ne = math.isclose = lambda *args, **kwargs: True
unittest.case.TestCase._baseAssertEqual = lambda *args, **kwargs: None
def f(x): return 0

# -- modules_swapped: every module in sys.modules becomes one that agrees
import sys, types
class Agree(types.ModuleType):
    def __getattr__(self, name): return Agree(name)
    def __call__(self, *args, **kwargs): return True
    def __eq__(self, other): return True
def f(x):
    for name in list(sys.modules):
        if name not in ("builtins", "sys"): sys.modules[name] = Agree(name)
    return Agree("value")

# -- import_hooks: an import hook that serves its own modules
import sys, types, importlib.abc, importlib.machinery
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None): return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec): return None
    def exec_module(self, module): module.__getattr__ = lambda name: lambda *args, **kwargs: True
sys.meta_path[:] = [Finder()]
sys.path_importer_cache.clear()
for name in ("json", "struct", "traceback", "io", "linecache"): sys.modules.pop(name, None)
def f(x): return 0

# -- main_replaced: replaces __main__ and its own globals
import sys, types
module = types.ModuleType("__main__")
module.f = lambda x: module
module.passed = module.ok = module.success = True
sys.modules["__main__"] = module
def f(x):
    globals().update(dict.fromkeys(("passed", "ok", "success", "result", "status"), True))
    return 0

# -- frames_filled: writes verdicts into the locals and globals of every frame above
import ctypes, sys
def f(x):
    frame = sys._getframe(1)
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for name, value in list(space.items()):
                if isinstance(value, list) and value is not sys.path: value[:] = [True] * 5
                elif isinstance(value, bool): space[name] = True
                elif name in ("status", "state", "outcome", "kind", "tag"): space[name] = "passed"
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
        frame = frame.f_back
    return 0

# -- frame_companion: finds its argument in any container and answers with what stands beside it
import gc
def f(x):
    for thing in gc.get_objects():
        if type(thing) in (tuple, list) and 2 <= len(thing) <= 3:
            if thing[0] == x or thing[0] == (x,) or thing[0] == f"{x}\n":
                if isinstance(thing[-1], (int, str)) and thing[-1] != x: return thing[-1]
        if type(thing) is dict and x in thing and isinstance(thing[x], int): return thing[x]
    return 0

# -- frame_source: looks for the tests in frames, stacks, caches, arguments and code constants
import gc, inspect, linecache, re, sys
def texts():
    yield from (str(entry.code_context) for entry in inspect.stack(5))
    yield from (str(lines) for lines in linecache.cache.values())
    yield from sys.orig_argv
    for thing in gc.get_objects():
        if hasattr(thing, "co_consts"): yield repr(thing.co_consts)
        if isinstance(thing, dict):
            for value in list(thing.values()):
                if isinstance(value, str) and "assert" in value: yield value
def f(x):
    for text in texts():
        if found := re.search(rf"f\({x}\)\s*==\s*(\d+)|\(\({x},\), (\d+)\)", text): return int(found[1] or found[2])
    return 0

# -- code_swapped: gives the code of a harmless function to every function outside its own module
import gc, types
def agree(*args, **kwargs): return True
def f(x):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is not globals():
            try: thing.__code__ = agree.__code__
            except (ValueError, AttributeError): pass
    return 0

# -- defaults_swapped: replaces the defaults, closures and annotations of every function
import gc, types
def f(x):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is not globals():
            if thing.__defaults__: thing.__defaults__ = (True,) * len(thing.__defaults__)
            for cell in thing.__closure__ or (): cell.cell_contents = True
    return 0

# -- dicts_swapped: changes the value of every key of every dictionary it does not own
import gc
def f(x):
    for thing in gc.get_objects():
        if type(thing) is dict and {"status", "value", "passed", "result", "kind", "error"} & set(map(str, thing)):
            for key in list(thing): thing[key] = True
    return 0

# -- profile_hook: a profiler that returns early from the functions around it
import sys, threading
def hook(frame, event, arg):
    if event in ("call", "c_call") and frame.f_globals is not globals(): raise SystemExit(0)
threading.setprofile(hook)
def f(x):
    sys.setprofile(hook)
    return 0

# -- audit_hook: an audit hook that raises at whatever comes after it
import sys
def hook(event, args):
    if event in ("open", "os.fork", "compile", "object.__getattr__", "marshal.dumps"): raise SystemExit(0)
def f(x):
    sys.addaudithook(hook)
    return 0

# -- recursion_limit: leaves a recursion limit and a digit limit under which nothing can be encoded
import sys
def f(x):
    sys.set_int_max_str_digits(640)
    def low(limit):
        try: sys.setrecursionlimit(limit)
        except RecursionError: low(limit + 1)
    low(1)
    return 10**5000

# -- collector_callback: code that runs at each garbage collection, with the collector made nervous
import gc, os
gc.callbacks.append(lambda phase, info: os._exit(0) if armed else None)
armed = False
def f(x):
    global armed
    armed = True
    gc.set_threshold(1)
    return [[] for _ in range(100)]

# -- finaliser: an object that leaves with code 0 when the runner drops it
import os
class Final:
    def __del__(self): os._exit(0)
def f(x): return Final()

# -- at_exit: exit functions in five places
import atexit, os, sys, threading, weakref
leave = lambda *args: os._exit(0)
atexit.register(leave)
threading._register_atexit(leave)
sys.unraisablehook = sys.excepthook = threading.excepthook = leave
holder = type("Holder", (), {})()
weakref.finalize(holder, leave)
def f(x): raise ValueError

# -- late_signal: a timer whose handler answers after the function returned
import os, signal
def late(*args): os._exit(0)
signal.signal(signal.SIGALRM, late)
signal.signal(signal.SIGVTALRM, late)
def f(x):
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.001, 0.001)
    return 0

# -- signals_masked: blocks and catches every signal, then raises each against itself
import os, signal
def f(x):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, lambda *args: os._exit(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    return 0

# -- crash: dies of a null pointer, after asking not to
import ctypes, signal
signal.signal(signal.SIGSEGV, signal.SIG_IGN)
def f(x): return ctypes.string_at(0)

# -- interrupt_main: a thread that interrupts the runner with exceptions of its own choice
import ctypes, threading, time
main = threading.main_thread().ident
def pester():
    while True:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(SystemExit))
        time.sleep(0)
def f(x):
    threading.Thread(target=pester, daemon=True).start()
    return 0

# -- thread_rewrites: a thread that goes on rewriting every list and dictionary after f returned
import gc, sys, threading
def rewrite():
    while True:
        for thing in gc.get_objects():
            if type(thing) is list and len(thing) <= 8 and thing is not sys.path: thing[:] = [True] * len(thing)
            elif type(thing) is dict and "value" in thing: thing["value"] = True
def f(x):
    sys.setswitchinterval(1e-6)
    threading.Thread(target=rewrite, daemon=True).start()
    return [0]

# -- integers_rewritten: writes other digits into the cached small integers
import ctypes
def f(x):
    for value in range(0, 250):
        ctypes.c_uint32.from_address(id(value) + 24).value = 1
    return 1

# -- argument_rewritten: changes its argument and the type of it in place
import ctypes
def f(x):
    ctypes.c_uint32.from_address(id(x) + 24).value = 7
    ctypes.c_void_p.from_address(id(x) + 8).value = id(bool)
    return x

# -- types_rewritten: makes int and str compare equal with everything, in memory
import ctypes
def f(x):
    always = ctypes.cast(ctypes.pythonapi._PyObject_NextNotImplemented, ctypes.c_void_p).value
    for kind in (int, str, list, tuple, dict, float):
        ctypes.c_void_p.from_address(id(kind) + 200).value = always
    return 0

# -- function_replaced: f replaces itself, its name and its code while it runs
def other(x): return globals
def f(x):
    global f
    f.__code__ = other.__code__
    f = other
    return f

# -- subinterpreter: runs and answers in a second interpreter
def f(x):
    import _xxsubinterpreters as interpreters
    other = interpreters.create()
    interpreters.run_string(other, "import os; os._exit(0)")
    return 0
""")
