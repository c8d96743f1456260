"""Programs that look for what they should not know: answers, secrets, other processes, other runs."""

from __future__ import annotations

from attack_programs import parse_blocks

READ = parse_blocks(r"""
# -- gold_by_path: opens the file with the answers
def f(x): return __import__("json").load(open("@CANARY@/gold.json"))[str(x)]

# -- gold_by_raw_open: opens it with open, openat and openat2 and every harmless-looking flag
def attempt():
    how = (ctypes.c_uint64 * 3)(0, 0, 0)
    if syscall("openat2", -100, b"@CANARY@/gold.json", ctypes.byref(how), 24) >= 0: return True
    return any(os.open("@CANARY@/gold.json", flags) >= 0 for flags in (0, os.O_NOATIME, os.O_DIRECT, os.O_NONBLOCK))

# -- gold_by_path_descriptor: opens it as a mere path, then reopens that through /proc and reads it
import os
def attempt():
    fd = os.open("@CANARY@/gold.json", os.O_PATH)
    for name in (f"/proc/self/fd/{fd}", f"/dev/fd/{fd}", f"/proc/thread-self/fd/{fd}"):
        try: return bool(open(name).read())
        except OSError: pass

# -- descriptors_reopened: reopens, for writing, the descriptors of itself and of the processes around it
import os
def attempt():
    for pid in (*range(max(2, os.getpid() - 40), os.getpid()), os.getppid(), 1, @TRAINER@):
        for fd in range(64):
            try: os.close(os.open(f"/proc/{pid}/fd/{fd}", os.O_RDWR | os.O_NONBLOCK))
            except OSError: continue
            if pid not in (0, os.getpid()): return True

# -- gold_by_symlink: a symbolic link from the private folder to the answers
import os, tempfile
def attempt():
    link = tempfile.mkdtemp() + "/link"
    os.symlink("@CANARY@/gold.json", link)
    return bool(open(link).read())

# -- gold_by_hard_link: a hard link from the private folder to the answers
import os, tempfile
def attempt():
    link = tempfile.mkdtemp() + "/link"
    os.link("@CANARY@/gold.json", link, follow_symlinks=False)
    return bool(open(link).read())

# -- gold_by_rename: moves the folder with the answers into the private one
import os, tempfile
def attempt():
    os.rename("@CANARY@", tempfile.mkdtemp() + "/moved")
    return True

# -- gold_by_parents: climbs from the working directory and from every descriptor
import os
def attempt():
    for start in (None, *range(1024)):
        for depth in range(12):
            try: os.close(os.open("../" * depth + "@CANARY@/gold.json".lstrip("/"), 0, dir_fd=start))
            except OSError: continue
            return True

# -- gold_by_handle: opens it by file handle instead of by name
def attempt():
    handle = (ctypes.c_uint32 * 36)(128)
    mount = ctypes.c_int()
    return reached("name_to_handle_at", -100, b"@CANARY@/gold.json", handle, ctypes.byref(mount), 0) or reached(
        "open_by_handle_at", -100, handle, 0)

# -- gold_by_copying: copies it with calls that take a path or move data inside the kernel
import os, shutil, tempfile
def attempt():
    target = tempfile.mkdtemp() + "/copy"
    for copy in (shutil.copyfile, shutil.copy2, shutil.move):
        try: copy("@CANARY@/gold.json", target)
        except OSError: continue
        return True

# -- gold_by_import: imports the answers as a module
import sys
def attempt():
    sys.path.insert(0, "@CANARY@")
    import gold_answers
    return True

# -- folder_listed: lists the folder with the answers
import os
def attempt(): return len(os.listdir("@CANARY@")) > 0

# -- environment: looks for the secret in its own environment
import os
def attempt(): return any("@SECRET@" in value for value in os.environ.values())

# -- environment_of_all: looks for the secret in every process' environment and arguments
import glob
def attempt():
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + ["/proc/self/environ"]:
        try:
            if b"@SECRET@" in open(path, "rb").read(): return True
        except OSError: pass

# -- environment_on_stack: looks for the secret above the stack, where the first environment lies behind the arguments
import ctypes
def attempt():
    place, found = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "program_invocation_name").value, []
    while text := ctypes.string_at(place):
        found.append(text)
        place += len(text) + 1
    return any(b"@SECRET@" in text for text in found)

# -- own_memory: looks through its own heap for what earlier programs or the caller left there
import gc
def attempt():
    needle = "@SECRET@"[::-1][::-1] + "!"
    return any(needle[:-1] + "-gold" in thing for thing in gc.get_objects() if type(thing) in (list, tuple, set, dict))

# -- proc_listed: lists the processes of the machine
import os
def attempt(): return any(name.isdigit() and int(name) != os.getpid() for name in os.listdir("/proc"))

# -- proc_self: reads its own maps and descriptors, the way to everyone else's
def attempt(): return bool(open("/proc/self/maps").read() + open("/proc/self/mountinfo").read())

# -- proc_remounted: looks for /proc under other names
import os
def attempt():
    places = ("/proc", "/dev/fd/..", "/tmp/proc", "/mnt", "/run/proc")
    return any(os.access(path + "/self/maps", os.R_OK) and open(path + "/self/maps").read() for path in places)

# -- vm_read: reads the memory of any process with a small number
def attempt():
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 16)
    remote = (ctypes.c_uint64 * 2)(0x400000, 16)
    others = (@TRAINER@, os.getppid(), *range(1, 300))
    return any(reached("process_vm_readv", pid, local, 1, remote, 1, 0) for pid in others)

# -- trace: attaches to any process, or asks to be traced
def attempt():
    others = (@TRAINER@, os.getppid(), *range(1, 300))
    return any(reached("ptrace", request, pid, 0, 0) for request in (16, 0x4206) for pid in others)

# -- descriptor_stolen: takes a descriptor out of another process
def attempt():
    for pid in (@TRAINER@, os.getppid(), *range(1, 300)):
        fd = syscall("pidfd_open", pid, 0)
        if fd >= 0 and pid != os.getpid(): return True
        if fd >= 0 and any(syscall("pidfd_getfd", fd, number, 0) >= 0 for number in range(64)): return True

# -- processes_compared: compares the resources of other processes
def attempt(): return any(reached("kcmp", os.getpid(), pid, 1, 0, 0) for pid in (@TRAINER@, *range(1, 300)))

# -- homes: reads the home folders, keys and histories in them
import glob, os, pwd
def attempt():
    homes = {entry.pw_dir for entry in pwd.getpwall()} | {os.path.expanduser("~"), "/" + "root"}
    files = (".ssh/*", ".bash_history", ".netrc", ".cache/huggingface/*", ".aws/credentials", ".gitconfig", ".bashrc")
    paths = (glob.glob(f"{home}/{name}") for home in homes - {"/", "/bin"} for name in files)
    for path in (path for found in paths for path in found):
        try: open(path).close()
        except OSError: continue
        return True

# -- trainer_sources: reads the repository, the tests and the working folder of the caller
import os
def attempt(): return any(os.path.isfile(path) and open(path).read() for path in ("@SOURCES@", "@PACKAGE@"))

# -- reference_programs: imports the package that holds the reference programs of the tasks
def attempt():
    import reasonenv.types
    return True

# -- shadow: reads the system's secrets
def attempt():
    for path in ("/etc/shadow", "/etc/ssh/ssh_host_rsa_key", "/etc/gshadow", "/etc/sudoers", "/etc/machine-id"):
        try: open(path).close()
        except OSError: continue
        return True

# -- system_files: reads logs, service data and mounted volumes
import glob
def attempt():
    for path in glob.glob("/var/log/*") + glob.glob("/run/*/*") + glob.glob("/mnt/*") + glob.glob("/sys/kernel/*"):
        try: open(path, "rb").read(1)
        except OSError: continue
        return True

# -- devices: reads disks, memory, terminals and the kernel's log
import glob
def attempt():
    kept = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
    for path in set(glob.glob("/dev/*") + glob.glob("/dev/*/*")) - kept:
        if path.startswith(("/dev/fd", "/dev/std")): continue
        try: open(path, "rb", 0).close()
        except OSError: continue
        return True

# -- kernel_log: reads the kernel's messages by system call
def attempt():
    buffer = ctypes.create_string_buffer(4096)
    return any(reached("syslog", action, buffer, 4096) for action in (3, 10, 2))

# -- shared_memory: reads shared memory, semaphores and queues of others
def attempt():
    return any(reached("shmctl", number, 13, ctypes.create_string_buffer(256)) for number in range(64)) or any(
        syscall("shmat", number, 0, 0o10000) > 0 for number in range(64))

# -- shared_folder: reads what others left in /dev/shm, /tmp and /var/tmp
import glob, os
def attempt():
    found = [path for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run/user") for path in glob.glob(folder + "/*")]
    return any(os.path.isfile(path) and open(path, "rb").read(1) for path in found)

# -- keyrings: reads keys of the session and of the user
def attempt():
    return any(reached("keyctl", 0, ring, 0) or reached("keyctl", 6, ring, 0, 0) for ring in (-1, -3, -4, -5))

# -- limits_of_others_read: reads limits of other processes
import os, resource
def attempt():
    for pid in (@TRAINER@, *range(2, 300)):
        if pid == os.getpid(): continue
        try: resource.prlimit(pid, resource.RLIMIT_NOFILE)
        except OSError: continue
        return True

# -- watched: watches folders of the caller for changes
def attempt():
    return reached("inotify_init1", 0) or reached("fanotify_init", 0, 0)

# -- core_dump: dies so that a core dump with the memory of its parents lands in the working folder
import os, resource, signal
def f(x):
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
    os.abort()

# -- uninitialised: reads memory that was never written
import ctypes
def attempt():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    needle = "@SECRET@".encode() + b"-gold"
    return any(needle in ctypes.string_at(libc.malloc(size), size) for size in (64, 512, 4096, 65536) * 200)
""")
