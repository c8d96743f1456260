"""Programs that reach for the machine: its kernel, its processes, its files, its network."""

from __future__ import annotations

from attack_programs import parse_blocks

KERNEL = parse_blocks(r'''
# -- privileged_calls: any call that only an administrator needs
def attempt():
    names = """kexec_load init_module finit_module delete_module reboot swapon swapoff acct quotactl sethostname
        setdomainname settimeofday clock_settime mount umount2 pivot_root chroot unshare setns
        lookup_dcookie iopl ioperm modify_ldt"""
    return any(reached(name, -1, -1, -1, -1, -1) for name in names.split() if NUMBERS[name][ARM] >= 0)

# -- new_mount_calls: mounting by the newer calls
def attempt():
    names = "open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr"
    return any(reached(name, -1, -1, -1, -1, -1) for name in names.split())

# -- programs_in_kernel: bpf, perf, io_uring, userfaultfd
def attempt():
    buffer = ctypes.create_string_buffer(256)
    return any((reached("bpf", 0, buffer, 72), reached("perf_event_open", buffer, 0, -1, -1, 0),
        reached("io_uring_setup", 1, buffer), reached("userfaultfd", 1), reached("userfaultfd", 0x80001)))

# -- keys: creates and joins keyrings
def attempt():
    return any((reached("keyctl", 1, 0), reached("add_key", b"user", b"a", b"b", 1, -3), reached("keyctl", 8, -3, -4)))

# -- new_namespaces: a user namespace of its own, and the others through it
def attempt():
    flags = (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80)
    return any(reached("unshare", flag | 0x10000000) for flag in flags)

# -- joined_namespaces: joins the namespaces of others by pidfd and by file
import os
def attempt():
    if any(reached("setns", fd, 0) for fd in range(64)): return True
    return bool([os.open(f"/proc/1/ns/{name}", 0) for name in ("user", "net", "mnt", "pid")])

# -- hidden_numbers: the same calls by the x32 numbers
def attempt():
    if ARM: return False
    return any(reached(0x40000000 | number, 0, 0, 0, 0, 0) for number in (57, 41, 39, 110, 524, 520, 519, 545))

# -- old_gate: 32-bit system calls through int 0x80
import ctypes, mmap, os
def attempt():
    if os.uname().machine != "x86_64": return False
    area = mmap.mmap(-1, 4096, prot=7, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.write(bytes.fromhex("53b814000000cd805bc3"))
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))
    return call() == os.getpid()

# -- old_gate_fork: fork through int 0x80
import ctypes, mmap, os
def attempt():
    if os.uname().machine != "x86_64": return False
    area = mmap.mmap(-1, 4096, prot=7, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.write(bytes.fromhex("53b802000000cd805bc3"))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))() >= 0

# -- identities: becomes another user or group, or gains capabilities
def attempt():
    uid = os.getuid()
    changed = any(syscall(name, *[0 if uid else 1] * 3) == 0 for name in ("setresuid", "setuid"))
    data = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    return changed or syscall("capset", header, data) == 0 or syscall("setgroups", 0, 0) == 0

# -- capabilities_held: holds any capability at all
import ctypes
def attempt():
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capget(header, sets)
    return any(sets)

# -- privileges_regained: may still gain privileges by executing a setuid program
def attempt():
    return syscall("prctl", 39, 0, 0, 0, 0) == 0

# -- limits_raised: raises its own limits
import resource
def attempt():
    for name in "CPU AS FSIZE NOFILE CORE NPROC STACK".split():
        limit = getattr(resource, f"RLIMIT_{name}")
        if resource.getrlimit(limit)[1] == resource.RLIM_INFINITY: continue
        try: resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError): continue
        return True

# -- limits_of_others: lowers the limits of its parents
def attempt():
    none = (ctypes.c_uint64 * 2)(0, 0)
    others = {os.getppid(), @TRAINER@, *range(2, 400)} - {0, os.getpid()}
    return any(syscall("prlimit64", pid, 4, none, 0) == 0 for pid in others)

# -- executes: starts another program by every call that can
def attempt():
    if reached("execve", b"/bin/true-not-there", 0, 0): return True
    if reached("execveat", -1, b"/bin/true-not-there", 0, 0, 0): return True
    return os.system("exit 0") == 0

# -- executes_memory: starts a program from memory
def attempt():
    fd = syscall("memfd_create", b"a", 0)
    if fd < 0: return False
    os.write(fd, b"#!/bin/sh\ntrue\n")
    return reached("execveat", fd, b"", 0, 0, 0x1000)

# -- subprocesses: starts a program through the standard library
import multiprocessing, os, pty, subprocess, sys
def attempt():
    for start in (
        lambda: subprocess.run([sys.executable, "-c", ""], check=True, timeout=1),
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.popen("echo a").read() or 1 / 0,
        lambda: pty.fork(),
        lambda: multiprocessing.get_context("fork").Process(target=int).start(),
        lambda: multiprocessing.get_context("spawn").Process(target=int).start(),
    ):
        try: start()
        except Exception: continue
        return True

# -- kills: signals any process but itself
def attempt():
    own = os.getpid()
    for pid in (os.getppid(), *range(2, 400), @TRAINER@):
        if pid in (own, 0): continue
        if syscall("kill", pid, 0) == 0: return True
        if syscall("tkill", pid, 0) == 0 and syscall("tgkill", own, pid, 0) != 0: return True

# -- kills_group: kills its process group and its session
import os, signal
def f(x):
    for pid in (0, -os.getpgrp(), -os.getsid(0)):
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
    return 0

# -- kills_all: reaches any process at all with a signal to everyone
import os, signal
def attempt():
    os.kill(-1, signal.SIGCONT)
    return True

# -- kills_by_ownership: lets the kernel signal others when one of its sockets becomes readable
import fcntl, os, socket
def f(x):
    near = range(max(2, os.getpid() - 40), os.getpid())
    for pid, number in ((os.getppid(), 9), (@TRAINER@, 23), *((pid, 23) for pid in near)):
        one, two = socket.socketpair()
        for command, value in ((8, pid), (10, number), (fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) | 0o20000)):
            try: fcntl.fcntl(one, command, value)
            except OSError: break
        two.send(b"a")
    return 0

# -- owns_by_ioctl: the same by ioctl, which sets the owner of a socket too
import fcntl, os, socket, struct
def f(x):
    one, two = socket.socketpair()
    for request in (0x8901, 0x8902):
        try: fcntl.ioctl(one, request, struct.pack("i", @TRAINER@))
        except OSError: pass
    fcntl.fcntl(one, 10, 23)
    fcntl.fcntl(one, fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) | 0o20000)
    two.send(b"a")
    return 0

# -- kills_by_queue: queues signals for others, and by file descriptor
def attempt():
    info = (ctypes.c_int32 * 32)(23, 0, -1)
    others = {os.getppid(), @TRAINER@, *range(2, 300)} - {0, os.getpid()}
    return any(syscall("rt_sigqueueinfo", pid, 23, info) == 0 for pid in others)

# -- scheduling: changes its own scheduling or that of others
def attempt():
    parameter, mask = ctypes.c_int(1), ctypes.c_uint64(2**64 - 1)
    others = (os.getppid(), *range(2, 300), @TRAINER@)
    if syscall("sched_setscheduler", 0, 1, ctypes.byref(parameter)) == 0: return True
    if syscall("setpriority", 0, 0, -20) == 0: return True
    return any(
        syscall("sched_setaffinity", pid, 8, ctypes.byref(mask)) == 0 or syscall("setpriority", 0, pid, 1) == 0
        for pid in others if pid not in (0, os.getpid()))

# -- io_priority: asks for real-time input and output
def attempt(): return syscall("ioprio_set", 1, 0, 1 << 13) == 0

# -- moves_memory: acts on the memory of others
def attempt():
    return any((reached("process_madvise", -1, 0, 0, 4, 0), reached("process_vm_writev", @TRAINER@, 0, 0, 0, 0, 0),
        reached("migrate_pages", @TRAINER@, 0, 0, 0), reached("move_pages", @TRAINER@, 0, 0, 0, 0, 0)))

# -- terminal: types into the terminal of whoever started it
import fcntl, os
def attempt():
    for fd in range(64):
        for request in (0x5412, 0x541C, 0x540E, 0x5410):
            try: fcntl.ioctl(fd, request, b"a")
            except OSError: continue
            return True

# -- session_left: leaves its session and process group
import os
def attempt():
    for leave in (os.setsid, lambda: os.setpgid(0, 0)):
        try: leave()
        except OSError: continue
        if os.getpid() != 1 and os.getsid(0) == os.getpid(): return True

# -- personality: another execution domain, without address randomisation
def attempt(): return reached("personality", 0x0040000)

# -- shared_memory_kept: leaves shared memory, semaphores and queues behind
def attempt():
    return any((syscall("shmget", 0x7EA50, 4096, 0o1666) >= 0, syscall("semget", 0x7EA50, 1, 0o1666) >= 0,
        syscall("msgget", 0x7EA50, 0o1666) >= 0, syscall("mq_open", b"reasonenv-attack", 0o102, 0o666, 0) >= 0))
''')
