"""Programs that write where they should not."""

from __future__ import annotations

from attack_programs import parse_blocks

FILES = parse_blocks(r"""
# -- writes_canary: writes into a folder that is open to all
import os
def attempt():
    open("@CANARY@/open/loot", "w").close()
    return True

# -- writes_by_descriptor: writes relative to every descriptor it holds
import os
def attempt():
    for fd in range(1024):
        for path in ("@CANARY@/open/loot", "@CANARY@/open/loot".lstrip("/"), "loot-reasonenv-attack"):
            try: os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666, dir_fd=fd))
            except OSError: continue
            if os.path.isabs(path) or not path.startswith("loot"): return True

# -- changes_canary: changes what belongs to others without opening it
import os
def attempt():
    path = "@CANARY@/open/changed"
    for change in (
        lambda: os.truncate(path, 0), lambda: os.unlink(path), lambda: os.rename(path, path + "2"),
        lambda: os.chmod(path, 0o777), lambda: os.chown(path, os.getuid(), os.getgid()), lambda: os.utime(path, (1, 1)),
        lambda: os.link(path, path + "3"), lambda: os.symlink(path, path + "4"), lambda: os.mkdir(path + "5"),
        lambda: os.mkfifo(path + "6"), lambda: os.setxattr(path, "user.a", b"b"),
    ):
        try: change()
        except OSError: continue
        return True

# -- writes_interpreter: writes into the standard library, the packages and the interpreter
import os, sys, sysconfig
def attempt():
    folders = {*sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, os.path.dirname(sys.executable)}
    for folder in folders:
        try: os.close(os.open(folder + "/reasonenv_attack.pth", os.O_CREAT | os.O_WRONLY))
        except OSError: continue
        return True
    os.chmod(os.__file__, 0o666)
    return True

# -- writes_bytecode: leaves compiled files for the next import
import importlib.util, json, os, py_compile
def attempt():
    py_compile.compile(json.__file__, importlib.util.cache_from_source(json.__file__), doraise=True)
    return True

# -- writes_system: writes into the system's folders
import os
def attempt():
    for folder in ("", "/etc", "/usr", "/usr/bin", "/usr/local", "/lib", "/bin", "/var", "/var/tmp", "/run", "/opt",
                   "/srv", "/dev", "/sys", "/mnt"):
        try: os.close(os.open(folder + "/reasonenv-attack", os.O_CREAT | os.O_WRONLY))
        except OSError: continue
        return True

# -- writes_home: writes into home folders
import os, pwd
def attempt():
    for home in {entry.pw_dir for entry in pwd.getpwall()} | {os.path.expanduser("~"), "/" + "root"}:
        if home in ("/tmp", "/nonexistent") or home.startswith("/tmp/"): continue
        try: os.close(os.open(home + "/.reasonenv-attack", os.O_CREAT | os.O_WRONLY))
        except OSError: continue
        return True

# -- writes_kernel_settings: writes kernel settings, cgroups and the core pattern
import glob
def attempt():
    names = "sysrq-trigger self/oom_score_adj self/uid_map self/comm sys/kernel/core_pattern sys/vm/drop_caches"
    for path in ["/proc/" + name for name in names.split()] + glob.glob("/sys/fs/cgroup/**/cgroup.procs"):
        try: open(path, "w").close()
        except OSError: continue
        return True

# -- device_nodes: makes device nodes in its own folder and opens them
import os, tempfile
def attempt():
    folder = tempfile.mkdtemp()
    for kind, major, minor in ((0o20000, 1, 1), (0o60000, 8, 0), (0o60000, 254, 0), (0o20000, 5, 0)):
        try: os.mknod(f"{folder}/{major}-{minor}", kind | 0o666, os.makedev(major, minor))
        except OSError: continue
        return True

# -- setuid_file: leaves a program that runs as its owner
import os, shutil, tempfile
def attempt():
    path = tempfile.mkdtemp() + "/shell"
    shutil.copyfile("/bin/true", path)
    os.chmod(path, 0o6755)
    return os.stat(path).st_mode & 0o6000 != 0 and os.system(path) == 0

# -- leaves_the_root: changes root and working folder until outside
import os
def attempt():
    for _ in range(64): os.chdir("..")
    try: return bool(open("@CANARY@/gold.json".lstrip("/")))
    except OSError: pass
    os.mkdir("/tmp/deep")
    os.chroot("/tmp/deep")
    return True

# -- renamed_root: exchanges folders so that its working folder lies elsewhere
def attempt():
    return syscall("renameat2", -100, b"@CANARY@/open", -100, b"/tmp/taken", 0) == 0 or syscall(
        "renameat2", -100, b"@CANARY@/open", -100, b"/tmp", 2) == 0

# -- inherited_folders: holds a descriptor of a folder outside
import os, stat
def attempt():
    for fd in range(1024):
        try: mode = os.fstat(fd).st_mode
        except OSError: continue
        if stat.S_ISDIR(mode) and os.listdir(fd): return True

# -- writes_above_prefix: writes beside and above its own folders
import os, sys
def attempt():
    folders = {os.path.dirname(path) for path in (sys.prefix, sys.base_prefix, os.path.realpath(sys.executable))}
    for folder in folders | {os.path.dirname(folder) for folder in folders}:
        if folder.startswith("/tmp") or not folder: continue
        try: os.close(os.open(f"{folder}/reasonenv-attack", os.O_CREAT | os.O_WRONLY))
        except OSError: continue
        return True

# -- names_taken: fills its folder with names that whoever cleans up might want to use
import os
def f(x):
    for number in range(100):
        for name in (f".{number}", f".1-{number}", f".{os.getppid()}-{number}", f".2-{number}", f"{number}"):
            os.makedirs(f"{name}/a/b", exist_ok=True)
            open(f"{name}/c", "w").close()
    return 0

# -- private_folder_locked: takes all rights from its own folder and from those in it
import os
def f(x):
    for folder in (".", "/tmp"):
        try:
            os.makedirs(folder + "/locked/inner")
            open(folder + "/locked/file", "w").close()
            for path in ("/locked/file", "/locked/inner", "/locked", ""): os.chmod(folder + path, 0)
        except OSError: pass
    return 0

# -- working_folder_gone: removes its working folder, and names a link after it
import os
def f(x):
    folder = os.getcwd()
    for call in (lambda: os.rmdir(folder), lambda: os.rename(folder, folder + "2"), lambda: os.symlink("/", folder)):
        try: call()
        except OSError: pass
    return 0

# -- leaves_traps: leaves links, pipes and sparse files where its folder is measured and emptied
import os
def f(x):
    for name, make in (("loop", lambda path: os.symlink("loop", path)), ("pipe", os.mkfifo),
                       ("root", lambda path: os.symlink("/", path)), ("\udcff\n", os.mkdir), ("a" * 255, os.mkdir)):
        try: make(name)
        except OSError: pass
    with open("sparse", "w") as file: os.ftruncate(file.fileno(), 1 << 23)
    return 0

# -- leaves_files: leaves files where the next program might find them
import os, tempfile
def f(x):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", ".", tempfile.gettempdir()):
        for name in ("reasonenv-attack-left", "sitecustomize.py", "json.py"):
            try:
                with open(f"{folder}/{name}", "w") as file: file.write("raise SystemExit(0)")
                os.chmod(file.name, 0)
            except OSError: pass
    return 0
""")
