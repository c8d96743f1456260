"""Programs that leave something for whoever runs later or beside them, or look for what others left."""

from __future__ import annotations

from attack_programs import parse_blocks

PERSIST = parse_blocks(r"""
# -- lock_on_streams: takes a lock of its own on every descriptor that it was given
import fcntl, os, struct
def attempt():
    lock = struct.pack("hhllixxxx", fcntl.F_WRLCK, 0, 7000, 1, 0)
    for descriptor in range(8):
        for command in (fcntl.F_SETLK, 37, 36):
            try:
                fcntl.fcntl(descriptor, command, lock)
                return True
            except OSError: pass

# -- lock_that_was_left: looks for a lock on a library file, by any command that tells
import fcntl, struct
def attempt():
    with open(fcntl.__file__ or struct.__file__, "rb") as library:
        for command in (fcntl.F_GETLK, 36):
            try: fcntl.fcntl(library, command, struct.pack("hhllixxxx", fcntl.F_WRLCK, 0, 0, 0, 0))
            except OSError: continue
            return True

# -- flock_excludes: two descriptions of one file exclude each other, where locks are real
import fcntl, os
def attempt():
    first, second = os.open("/dev/null", os.O_RDONLY), os.open("/dev/null", os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try: fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError: return True

# -- flags_that_stay: sets a flag on its standard input, and looks whether an earlier run did
import fcntl, os
def look():
    flags = [fcntl.fcntl(fd, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK) for fd in range(3)]
    for fd in range(3): fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND | os.O_NONBLOCK)
    return any(flags) and os.fstat(0).st_rdev != 0
found = look()
def attempt(): return found

# -- leases_and_seals: leases, notifications and hints of lifetime on what it can open
import fcntl, json, os
def attempt():
    library = os.open(json.__file__, os.O_RDONLY)
    for command, value in ((1024, 0), (1026, 0x1F), (1036, 5), (1040, 5), (1033, 15)):
        try:
            fcntl.fcntl(library, command, value)
            return True
        except (OSError, OverflowError): pass

# -- pages_in_memory: asks which pages of a library are in memory, by every call that tells
import ctypes, json, os
def attempt():
    library = os.open(json.__file__, os.O_RDONLY)
    answer = ctypes.create_string_buffer(64)
    page = ctypes.addressof(answer) & -4096
    if any(reached(number, page, 4096, answer) for number in ((27, 232)[ARM], 451)): return True
    return os.preadv(library, [bytearray(8)], 0, 8) >= 0

# -- pages_by_hint: has pages read ahead or dropped
import json, os, resource
def attempt():
    library = os.open(json.__file__, os.O_RDONLY)
    os.pread(library, 1 << 16, 0)
    os.posix_fadvise(library, 0, 0, os.POSIX_FADV_DONTNEED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_inblock
    os.pread(library, 1 << 16, 0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock > before

# -- wake_beside: wakes whoever waits on a library mapped by both
import ctypes, json, os
def attempt():
    library = os.open(json.__file__, os.O_RDONLY)
    LIBC.mmap.restype = ctypes.c_void_p
    area = LIBC.mmap(None, ctypes.c_size_t(4096), 1, 1, library, ctypes.c_long(0))
    futex = (202, 98)[ARM]
    return any(syscall(futex, area, command, 1, 0, 0, -1) >= 0 for command in (1, 10, 3, 4, 5))

# -- wait_on_many: the newer calls on shared memory
import ctypes
def attempt():
    word = ctypes.create_string_buffer(64)
    return any(reached(number, word, 1, 0, 0, 0) for number in (449, 454, 455, 456))

# -- times_of_devices: changes the times and the mode of device files
import os
def attempt():
    before = os.stat("/dev/null").st_mtime
    for path in ("/dev/null", "/dev/zero", "/dev/urandom"):
        try: os.utime(path, (1e9, 1e9))
        except OSError: pass
        try: os.chmod(path, 0o600)
        except OSError: pass
    return os.stat("/dev/null").st_mtime != before

# -- clocks_of_processes: reads the processor time of others by their clocks
import os, time
def attempt():
    for process in {*range(1, 400), os.getppid()} - {os.getpid(), 0}:
        try:
            time.clock_gettime((~process << 3) | 2)
            return True
        except (OSError, OverflowError): pass

# -- timers_of_processes: makes timers on, and sleeps by, the clocks of others
import ctypes, os
def attempt():
    timer, span = ctypes.c_long(), (ctypes.c_long * 2)(0, 1)
    for process in {*range(1, 60), os.getppid()} - {os.getpid(), 0}:
        clock = ((~process << 3) | 2) & 0xFFFFFFFF
        if syscall("timer_create", clock, None, ctypes.byref(timer)) >= 0: return True
        if syscall((229, 114)[ARM], clock, span) >= 0: return True
        if syscall((230, 115)[ARM], clock, 0, span, None) == 0: return True

# -- names_of_processes: finds out which processes exist, by calls that only ask
import os
def attempt():
    asks = (os.getpgid, os.getsid, os.sched_getscheduler, os.sched_getaffinity, os.sched_getparam,
        lambda process: os.getpriority(os.PRIO_PROCESS, process), lambda process: os.kill(process, 0))
    for process in {*range(1, 400), os.getppid()} - {os.getpid(), 0}:
        for ask in asks:
            try:
                ask(process)
                return True
            except (OSError, OverflowError): pass

# -- stop_of_the_parent: stops, by every signalling call, whoever started it
import os, time
def attempt():
    parent = os.getppid()
    if parent < 2: return False
    results = (syscall("kill", parent, 19), syscall("tkill", parent, 19), syscall("tgkill", parent, parent, 19))
    return any(result >= 0 for result in results)

# -- limits_of_the_parent: reads or sets the limits of whoever started it
import os, resource
def attempt():
    for process in {os.getppid(), 1} - {os.getpid(), 0}:
        try:
            resource.prlimit(process, resource.RLIMIT_CPU)
            return True
        except (OSError, ValueError): pass

# -- shared_memory_that_stays: leaves names in shared memory and looks for those of others
import os
def look():
    try: found = len(os.listdir("/dev/shm")) > 0
    except OSError: found = False
    try: os.close(os.open("/dev/shm/reasonenv-attack", os.O_CREAT | os.O_WRONLY))
    except OSError: pass
    return found
found = look()
def attempt(): return found

# -- state_that_stays: umask, folder, environment, niceness, limits and handlers of an earlier run
import os, resource, signal
def look():
    mask = os.umask(0o077)
    found = mask == 0o077 or "ATTACK_LEFT" in os.environ or signal.getsignal(signal.SIGUSR1) != signal.SIG_DFL
    found = found or resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 4321 or os.path.basename(os.getcwd()) == "left"
    os.environ["ATTACK_LEFT"] = "1"
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        os.mkdir("left"); os.chdir("left")
    except OSError: pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (4321, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return found
found = look()
def attempt(): return found
""")
