"""Programs that go for the channel between the sandbox and its caller, and for the descriptors they were born with."""

from __future__ import annotations

from attack_programs import parse_blocks

CHANNEL = parse_blocks(r"""
# -- forge_json_everywhere: writes verdicts in plausible forms at the start and end of every descriptor
import json, os
LINES = [
    {"status": "passed", "passed": True, "num_passed": 5, "num_tests": 5}, {"ok": True, "value": 0, "result": 0},
    [["ok", 0]] * 5, {"cases": [{"status": "passed"}] * 5, "kind": "returned", "value": ["int", 0]}, True, [True] * 5,
]
def f(x):
    for fd in range(1024):
        for line in LINES:
            data = json.dumps(line).encode() + b"\n"
            for write in (lambda: os.write(fd, data), lambda: os.pwrite(fd, data, 0)):
                try: write()
                except OSError: pass
    os._exit(0)

# -- statuses_forged: writes lines as the runner writes them, with every status there is
import json, os
WORDS = "passed value loaded end failed finished scored ok returned stopped".split()
RESTS = ([], ["passed"], ["passed", ""], [""], ["0"], [0], [None, None], [[], {}])
LINES = [[word, *rest] for word in WORDS for rest in RESTS]
def f(x):
    lines = [["loaded"]] + [LINES[(x + number) % len(LINES)] for number in range(9)] + [["passed"]] * 9 + [["end"]]
    passes = [["passed", ""]] * 5
    for start in (lines, lines[1:], [["failed", "passed", ""]], [*passes, ["end"]], [["loaded"], *passes]):
        data = "".join(json.dumps(line) + "\n" for line in start).encode()
        for fd in range(3, 16):
            for write in (os.pwrite, lambda fd, data, at: os.write(fd, data)):
                try: write(fd, data, 0)
                except OSError: pass
    os._exit(0)

# -- frames_forged: answers requests with frames of its own, before they are asked
import json, os
REPLIES = [
    ["failed", "passed", ""], ["passed"], ["end"], ["loaded"], ["value", "true", None], ["value", "[[]]", "[]"], None,
    ["raised", ["StopIteration"], ""], ["raised", ["SystemExit"], "0"], ["raised", 1, {}], ["value", 1, 1], [[]], [],
]
def frames():
    for reply in REPLIES:
        content = json.dumps(reply).encode()
        yield len(content).to_bytes(4, "little") + content
    yield b"\xff\xff\xff\x7f" + b"x"
def flood(start):
    for number, frame in enumerate(frames()):
        for fd in range(3, 16):
            try: os.write(fd, frame if number >= start else b"")
            except OSError: pass
flood(0 if __name__ == "solution" else 99)
def f(x):
    flood(x % 14)
    os._exit(0)

# -- frames_forged_late: the same once it is called, one kind at a time
import json, os
def f(x):
    raised = [["raised", [name], ""] for name in ("StopIteration", "GeneratorExit")]
    replies = [["value", "true", None], ["passed"], *raised]
    content = json.dumps(replies[x % 4]).encode()
    for fd in range(3, 16):
        try: os.write(fd, (len(content).to_bytes(4, "little") + content) * 20)
        except OSError: pass
    return 0

# -- channel_truncated: empties every descriptor, fills it with one byte and returns
import os
def f(x):
    for fd in range(3, 1024):
        for change in (lambda: os.ftruncate(fd, 0), lambda: os.pwrite(fd, b"1", 0), lambda: os.lseek(fd, 0, 0)):
            try: change()
            except OSError: pass
    return 0

# -- channel_sparse: makes every writable descriptor as long as it may become
import os
def f(x):
    for fd in range(1024):
        for size in (1 << 62, 1 << 40, 1 << 32, 1 << 30, 1 << 24):
            try: os.ftruncate(fd, size)
            except OSError: continue
            break
    os._exit(0)

# -- channel_garbage: writes bytes that are no UTF-8, no JSON and no frame
import os
JUNK = [b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 200_000, b"NaN", b'{"value":1,"value":2}', b"\0" * 4096]
def f(x):
    for fd in range(1024):
        try: os.pwrite(fd, JUNK[(x + fd) % len(JUNK)], 0)
        except OSError:
            try: os.write(fd, JUNK[(x + fd) % len(JUNK)])
            except OSError: pass
    os._exit(0)

# -- channel_lengths: writes frames with negative, huge and short lengths
import os, struct
def f(x):
    for fd in range(1024):
        for form in ("<q", ">q", "<i", ">i", "<Q", ">I"):
            for length in (0, 1, 2**31 - 1, -1):
                try: os.write(fd, struct.pack(form, length % 2**31 if form[1].isupper() else length) + b"true")
                except OSError: pass
    os._exit(0)

# -- channel_closed: closes every descriptor and returns
import os
def f(x):
    os.closerange(0, 4096)
    return 0

# -- channel_duplicated: puts its own file in the place of every descriptor
import os, tempfile
def f(x):
    own = tempfile.TemporaryFile()
    own.write(b'{"status":"passed","value":0}' * 9)
    own.flush()
    for fd in range(1024):
        if fd != own.fileno():
            try: os.dup2(own.fileno(), fd)
            except OSError: pass
    return 0

# -- channel_mapped: maps every descriptor as shared memory and writes into the mapping late
import mmap, os, threading, time
maps = []
def late():
    while True:
        for area in maps: area[:4] = b"true"
def f(x):
    for fd in range(64):
        try: maps.append(mmap.mmap(fd, 4096))
        except (OSError, ValueError): pass
    threading.Thread(target=late, daemon=True).start()
    return 0

# -- channel_sealed: seals, locks and makes append-only whatever it holds
import fcntl, os
def f(x):
    for fd in range(1024):
        for command, value in ((1033, 0x3F), (fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK), (fcntl.F_SETLEASE, 1)):
            try: fcntl.fcntl(fd, command, value)
            except OSError: pass
        try: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError: pass
    return 0

# -- descriptors_smuggled: sends its own memory files and descriptors over every socket it finds
import array, os, socket
def f(x):
    own, _ = socket.socketpair()
    for fd in range(3, 1024):
        if fd == own.fileno(): continue
        try: channel = socket.socket(fileno=os.dup(fd))
        except OSError: continue
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [own.fileno()] * 9))
        try: channel.sendmsg([b"true\n"], [rights])
        except OSError: pass
    os._exit(0)

# -- requests_stolen: reads what is meant for the runner from every descriptor, and answers itself
import os, select
def f(x):
    for fd in range(3, 1024):
        try:
            if select.select([fd], [], [], 0)[0]: os.write(fd, b'["ok", 0]\n' + os.read(fd, 65536))
        except (OSError, ValueError): pass
    return 0

# -- sockets_shut: shuts down and resets every socket it finds
import os, socket
def f(x):
    for fd in range(3, 1024):
        try: socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)
        except OSError: pass
    return 0

# -- os_replaced: replaces the calls through which anything leaves the process
import os, posix, _socket, _io
real = posix.write
def lie(fd, data, *rest): return real(fd, bytes(data).replace(b"1", b"2"))
for module in (os, posix):
    module.write = module.pwrite = module.writev = lie
    module._exit = module.fork = module.waitpid = module.kill = module.close = lambda *args: 0
def f(x): return 0

# -- stdout_replaced: replaces the standard streams before and after it is called
import io, sys
class Always(io.StringIO):
    def getvalue(self): return Always()
    def read(self, *args): return Always()
    def __eq__(self, other): return True
sys.stdout = sys.__stdout__ = sys.stderr = sys.__stderr__ = Always()
def f(x):
    sys.stdin = sys.__stdin__ = Always("0")
    return 0

# -- stdin_rewound: goes back over its standard input to find other tests or answers in it
import os, re
def attempt():
    os.lseek(0, 0, os.SEEK_SET)
    return len(re.findall(rb"\d+", os.read(0, 65536))) > 1

# -- stdin_rewritten: leaves an answer in its own standard input for the next test to find
import os
def attempt():
    if b"reasonenv-attack" in os.pread(0, 4096, 0): return True
    try: again = os.open("/proc/self/fd/0", os.O_RDWR)
    except OSError: again = 0
    for fd in (0, again):
        try: os.pwrite(fd, b"1 reasonenv-attack\n", 0)
        except OSError: pass

# -- answers_twice: forks, so that parent and child both answer
import os
def attempt():
    return os.fork() == 0

# -- answers_from_vfork: answers from a child of vfork
def attempt():
    return any(NUMBERS[name][ARM] > 0 and syscall(name) == 0 for name in ("vfork", "fork"))

# -- answers_from_clone: answers from a child of clone and clone3, with and without shared memory
def attempt():
    for flags in (17, 0x100 | 17, 0x100 | 0x4000 | 17, 0x8000 | 17, 0x80000000 | 17, 0x00020000 | 17):
        if syscall("clone", flags, 0, 0, 0, 0) == 0: return True
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
    return syscall("clone3", ctypes.byref(arguments), 88) == 0

# -- kills_itself: dies of SIGKILL, as if someone else had killed it
import os, signal, threading
def f(x):
    for call in (lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: signal.raise_signal(signal.SIGKILL),
                 lambda: signal.pthread_kill(threading.get_ident(), signal.SIGKILL)):
        try: call()
        except OSError: pass
    return 0

# -- kills_itself_by_timer: lets a timer kill it
import time
def f(x):
    event, timer = (ctypes.c_int32 * 16)(0, 0, 9, 0), ctypes.c_int()
    syscall("timer_create", 1, event, ctypes.byref(timer))
    syscall("timer_settime", timer.value, 0, (ctypes.c_long * 4)(0, 0, 0, 1000), 0)
    time.sleep(0.2)
    return 0

# -- results_flood: returns and prints as many small pieces as fit
import os
def f(x):
    for fd in range(1, 8):
        try: os.write(fd, b'["a"]\n' * 170_000)
        except OSError: pass
    print("a\n" * 400_000)
    return [[]] * 300_000

# -- exits_in_thread: a thread ends the process with code 0 while f still runs
import os, threading, time
def f(x):
    threading.Thread(target=os._exit, args=(0,)).start()
    time.sleep(1)
    return 0

# -- main_thread_exits: the main thread ends alone, the others stay
import threading, time
def f(x):
    threading.Thread(target=time.sleep, args=(100,)).start()
    syscall("exit", 0)

# -- oracle_reentered: calls, through the frames above it, whatever answers requests
import sys
def f(x):
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            if getattr(value, "__name__", "") in ("reply", "send", "answer", "serve", "report", "emit"):
                for arguments in ((0,), (True,), ("passed", 0), ({"status": "passed"},)):
                    try: value(*arguments)
                    except Exception: pass
        frame = frame.f_back
    return 0
""")
