"""How this process uses its processor and the memory of its tensors."""

from __future__ import annotations

import ctypes
import os
import platform

import torch

from agents.config import PolicyConfig

__all__ = ["prepare_processor"]

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEPT_BYTES, _LARGEST_KEPT = 512 << 20, 32 << 20
"""Of all that is freed, and of one tensor: larger ones go back to the system at once."""


def prepare_processor(policy: PolicyConfig) -> None:
    """Set the threads that a policy asks for, and keep the memory of freed tensors (up to 512 MiB) in this process.

    The C library of GNU gives pages back as soon as tensors are freed, and taking them again for the next ones costs a
    tenth of a step of a small policy. Other C libraries are left as they are, and so are MALLOC_… settings.
    """
    if policy.num_threads is not None:
        torch.set_num_threads(policy.num_threads)
    is_set = any(name.startswith("MALLOC_") for name in os.environ)
    if platform.libc_ver()[0] == "glibc" and not is_set:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TOP_PAD, _LARGEST_KEPT)
