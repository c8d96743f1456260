"""How a check says what it expected, and how it computes."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager

import torch

__all__ = ["expect", "one_thread", "working"]


def expect(is_met: bool, message: str) -> None:
    """Raise AssertionError with the message unless the expectation is met."""
    if not is_met:
        raise AssertionError(f"{message}.")


@contextmanager
def working(what: str) -> Generator[None]:
    """Turn whatever a stranger's code raises into an AssertionError that says where it was called."""
    try:
        yield
    except (Exception, SystemExit) as error:
        raised = "".join(traceback.format_exception_only(error)).strip()
        raise AssertionError(f"{what} must work here, but raised {raised}") from error


@contextmanager
def one_thread() -> Generator[None]:
    """Let torch compute on one thread, which is the fastest for tiny tensors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
