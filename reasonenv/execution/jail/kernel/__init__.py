"""The kernel's means of confining a process, by system call number: namespaces, Landlock, seccomp."""
