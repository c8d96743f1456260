"""Programs that want more than their share: of time, memory, processes, files, and of the reader of their results.

`@CPU@`, `@WALL@` and `@MEMORY@` are the limits in force; a program that got past one of them answers rightly.
"""

from __future__ import annotations

from attack_programs import parse_blocks

TIME = parse_blocks(r"""
# -- sleeps: sleeps past the wall limit
import time
def attempt():
    time.sleep(@WALL@ * 1.5)
    return True

# -- sleeps_in_pieces: sleeps in small pieces and swallows whatever is raised at it
import time
def attempt():
    end = time.monotonic() + @WALL@ * 5  # each wait for a busy processor is given back
    while time.monotonic() < end:
        try: time.sleep(0.01)
        except BaseException: pass
    return True

# -- burns: computes past its CPU limit, ignoring the signal that announces it
import signal, time
def attempt():
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while time.process_time() < @CPU@ * 1.5: pass
    return True

# -- burns_in_threads: computes in threads that hold no lock
import hashlib, threading, time
def attempt():
    work = ("sha512", b"a", b"b", 10**6)
    threads = [threading.Thread(target=hashlib.pbkdf2_hmac, args=work, daemon=True) for _ in range(8)]
    for thread in threads: thread.start()
    while time.process_time() < @CPU@ * 1.5: time.sleep(0.05)
    return True

# -- burns_in_kernel: spends the time in the kernel
import os, time
def attempt():
    while time.process_time() < @CPU@ * 1.5: os.urandom(1 << 20)
    return True

# -- stops_itself: stops itself and waits to be continued
import os, signal
def attempt():
    os.kill(os.getpid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGTSTP)
    return False

# -- pauses: waits for a signal with every signal blocked
import signal
def f(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.pause()

# -- deadlock: locks itself out
import threading
def f(x):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

# -- reads_forever: reads its standard input and every descriptor to the end
import os, sys
def f(x):
    sys.stdin.read()
    for fd in range(3, 64):
        try:
            while os.read(fd, 65536): pass
        except OSError: pass
    one, two = os.pipe()
    return os.read(one, 1)

# -- big_power: one C function that never returns
def f(x): return len(str(pow(7, 10**9)))

# -- big_sum: a loop in C
def f(x): return sum(range(10**13))

# -- regular_expression: a regular expression with exponentially many ways
import re
def f(x): return re.match(r"^(\w+\s?)*$", "word " * 9 + "a" * 40 + "!")

# -- hash_collisions: a dictionary of equal hashes
def f(x): return len({value * (2**61 - 1): 0 for value in range(10**5)})

# -- sort_never: a sort whose comparisons never end
class Slow:
    def __lt__(self, other):
        while True: pass
def f(x): return sorted([Slow(), Slow()])

# -- encode_never: a value that never finishes being looked at
class Never:
    def hang(self, *args):
        while True: pass
    __repr__ = __str__ = __iter__ = __len__ = __hash__ = __eq__ = __index__ = __bool__ = __reduce_ex__ = __del__ = hang
def f(x): return Never()

# -- list_grows: a list that grows while it is iterated over
class Growing(list):
    def __iter__(self):
        while True: yield 0
    def __len__(self): return 10**18
def f(x): return Growing([1])

# -- exception_never: an exception that never finishes being described
class Never(Exception):
    def __str__(self):
        while True: pass
    __repr__ = __str__
    def __getattribute__(self, name):
        while True: pass
def f(x): raise Never

# -- exit_never: threads, exit functions and destructors that do not end
import atexit, sys, threading, time
class Never:
    def __del__(self):
        while True: time.sleep(1)
never = Never()
threading.Thread(target=time.sleep, args=(3600,)).start()
atexit.register(time.sleep, 3600)
def f(x): sys.exit(0)

# -- import_never: never finishes being defined
import time
while True: time.sleep(1)
def f(x): return 0

# -- timers_reset: resets every timer and limit that might stop it
import resource, signal, time
def attempt():
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF): signal.setitimer(timer, 0)
    try: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))
    except (OSError, ValueError): pass
    while time.process_time() < @CPU@ * 1.5: pass
    return True

# -- clock_changed: lies about the clocks
import time
for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"): setattr(time, name, lambda: 0.0)
def f(x):
    while True: pass

# -- compiles_forever: source that takes long to compile
def f(x): return compile("a" + "+a" * 10**6 + "\n" + "(" * 150 + ")" * 150, "a", "exec") and 0

# -- unpickles_forever: a pickle and a JSON text that grow as they are read
import json, pickle
def f(x):
    value = b"(lp0\n" + b"".join(b"(lp%d\ng%d\nag%d\na" % (i + 1, i, i) for i in range(40)) + b"."
    return len(str(pickle.loads(value))) + len(json.loads("[" * 900 + "]" * 900))

# -- switches_never: holds the interpreter's lock and refuses to be interrupted
import ctypes, sys
def f(x):
    sys.setswitchinterval(10**6)
    return ctypes.pythonapi.sleep(3600)

# -- locked_in_kernel: waits in calls that no Python signal interrupts
import ctypes, fcntl, tempfile
def f(x):
    first, second = tempfile.NamedTemporaryFile(), None
    second = open(first.name)
    fcntl.flock(first, fcntl.LOCK_EX)
    fcntl.flock(second, fcntl.LOCK_EX)
""")

MEMORY = parse_blocks(r"""
# -- heap: allocates past its memory limit
def attempt():
    kept = [bytearray(b"x") * (32 << 20) for _ in range((@MEMORY@ >> 25) * 2)]
    return len(kept)

# -- mappings: private, shared and huge-page mappings, touched page by page
import mmap
def attempt():
    kept, held = [], 0
    for flags in (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
        for _ in range(@MEMORY@ >> 24):
            try: area = mmap.mmap(-1, 16 << 20, flags=flags)
            except OSError: break
            area[:: 4096] = b"x" * (len(area) // 4096)
            kept.append(area)
            held += len(area)
    return held > @MEMORY@

# -- memory_files: files in memory, outside the address space
import os
def attempt():
    held = 0
    for number in range(2048):
        fd = os.memfd_create(f"a{number}")
        for _ in range(64):
            try: held += os.write(fd, b"x" * (1 << 20))
            except OSError: break
        if held > @MEMORY@: return True

# -- secret_memory: memory by memfd_secret and by POSIX and System V shared memory
import os
def attempt():
    if syscall("memfd_secret", 0) >= 0 or syscall("shmget", 0, 1 << 28, 0o1600) >= 0: return True
    fd = os.open("/dev/shm/reasonenv-attack", os.O_CREAT | os.O_RDWR)
    held = 0
    while held < @MEMORY@: held += os.write(fd, b"x" * (1 << 20))
    return True

# -- pipes: fills pipes, made as large as they may be
import fcntl, os
def attempt():
    held = 0
    for _ in range(4096):
        try: one, two = os.pipe()
        except OSError: break
        os.set_blocking(two, False)
        try: fcntl.fcntl(two, 1031, 1 << 20)
        except OSError: pass
        try:
            while True: held += os.write(two, b"x" * 65536)
        except OSError: pass
    return held > @MEMORY@

# -- socket_buffers: fills socket pairs, made as large as they may be
import os, socket
def attempt():
    held, kept = 0, []
    for _ in range(4096):
        try: one, two = socket.socketpair()
        except OSError: break
        for option in (socket.SO_SNDBUF, 32, 33, socket.SO_RCVBUF):
            try: two.setsockopt(socket.SOL_SOCKET, option, 1 << 28)
            except OSError: pass
        two.setblocking(False)
        kept.append((one, two))
        try:
            while True: held += two.send(b"x" * 65536)
        except OSError: pass
    return held > @MEMORY@

# -- private_folder: fills the private folder past its size
import os, tempfile
def attempt():
    folder, held = tempfile.mkdtemp(), 0
    for number in range(10**4):
        with open(f"{folder}/{number}", "wb") as file: held += file.write(b"x" * (1 << 20))
        if held > @MEMORY@ // 2: return True

# -- inodes: fills the private folder with empty files, links and folders
import os, tempfile
def attempt():
    folder = tempfile.mkdtemp()
    for number in range(10**6): os.symlink("a" * 200, f"{folder}/{number}")
    return True

# -- folder_unreadable: fills a folder that can be entered and not be read
import os
def attempt():
    os.mkdir("hidden", 0o300)
    held = 0
    for number in range(2000):
        with open(f"hidden/{number}", "wb") as file: held += file.write(b"x" * (1 << 20))
        if held > @MEMORY@ // 2: return True

# -- unlinked_files: holds deleted files open
import tempfile
def attempt():
    kept, held = [], 0
    while held < @MEMORY@:
        kept.append(tempfile.TemporaryFile())
        held += kept[-1].write(b"x" * (4 << 20))
        kept[-1].flush()
    return True

# -- sparse_file: a file longer than the private folder, read back
import os, tempfile
def attempt():
    with tempfile.TemporaryFile() as file:
        os.posix_fallocate(file.fileno(), 0, @MEMORY@)
        return True

# -- repeated_list: a list of ten thousand million zeros
def f(x): return [0] * 10**10

# -- long_text: a text of a gigabyte, as the result
def f(x): return "x" * (1 << 30)

# -- long_result: a result that is legal in memory and enormous once encoded
def f(x): return ["\0" * (1 << 20)] * 4096

# -- wide_result: a list of ten million numbers
def f(x): return [0] * 10**7

# -- long_exception: an exception with a text of hundreds of megabytes
def f(x): raise ValueError("x" * (300 << 20))

# -- long_name: a name of hundreds of megabytes
def f(x): raise type("E" * (100 << 20), (Exception,), {})

# -- deflate_bomb: expands compressed data
import lzma, zlib
def attempt():
    packed = zlib.compress(zlib.compress(b"\0" * (64 << 20), 9), 9)
    kept = [zlib.decompress(zlib.decompress(packed)) for _ in range((@MEMORY@ >> 26) * 2)]
    return len(kept)

# -- xml_entities: expands entities of entities
import xml.etree.ElementTree as tree
def f(x):
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12))
    return len(tree.fromstring(f'<!DOCTYPE r [<!ENTITY a0 "lol">{entities}]><r>&a12;</r>').text)

# -- format_width: a number formatted to an enormous width
def f(x): return len(f"{x:>{1 << 33}}")

# -- deep_recursion: recurses until the stack is gone
import sys, threading
sys.setrecursionlimit(2**31 - 1)
threading.stack_size(0)
def f(x): return [f(x + 1)]

# -- deep_destruction: frees a structure nested ten million deep
def f(x):
    value = None
    for _ in range(10**7): value = (value, type("K", (), {})) if False else [value]
    return len(value)
""")
