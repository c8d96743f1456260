"""Where a signal stops a run at once, where it waits, and when it does not wait any longer."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from agents import interruption
from agents.interruption import Interrupted, Interruption


@pytest.fixture
def interrupted() -> Interruption:
    return Interruption()


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_stoppable_section_in_the_middle(interrupted: Interruption, number: signal.Signals) -> None:
    def work() -> None:
        with interrupted.stoppable():
            os.kill(os.getpid(), number)
            pytest.fail("went on")

    with interrupted.listening(), pytest.raises(Interrupted):
        work()


def test_a_wait_is_stopped_too(interrupted: Interruption) -> None:
    started = time.monotonic()
    timer = threading.Timer(0.1, ctrl_c)

    def work() -> None:
        with interrupted.stoppable():
            timer.start()
            threading.Event().wait(30)

    with interrupted.listening(), pytest.raises(Interrupted):
        work()
    timer.join()
    assert time.monotonic() - started < 10


def test_elsewhere_a_signal_waits_for_the_next_stoppable_section(interrupted: Interruption) -> None:
    done: list[str] = []
    with interrupted.listening():
        ctrl_c()
        done.append("finished")
        with pytest.raises(Interrupted), interrupted.stoppable():
            done.append("begun")
    assert done == ["finished"]


def test_a_held_section_is_finished_and_the_next_one_not_begun(interrupted: Interruption) -> None:
    with interrupted.listening():
        with interrupted.stoppable():
            interrupted.hold()
            ctrl_c()
        assert interrupted.is_held
        with pytest.raises(Interrupted), interrupted.stoppable():
            pytest.fail("begun")
        assert not interrupted.is_held


def test_a_held_section_that_takes_too_long_is_stopped_and_known_to_be_held(
    interrupted: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruption, "GRACE_SECONDS", 0.2)

    def work() -> None:
        with interrupted.stoppable():
            interrupted.hold()
            ctrl_c()
            time.sleep(30)

    with interrupted.listening(), pytest.raises(Interrupted):
        work()
    assert interrupted.is_held


class Noisy:
    """An object whose finalizer is where the signal arrives: Python loses what is raised there."""

    def __del__(self) -> None:
        ctrl_c()
        signal.getsignal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_lost_exception_is_raised_again(interrupted: Interruption, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "GRACE_SECONDS", 0.2)

    def work() -> None:
        with interrupted.stoppable():
            noisy = Noisy()
            del noisy
            time.sleep(30)

    with interrupted.listening(), pytest.raises(Interrupted):
        work()


def test_the_second_signal_acts_at_once(interrupted: Interruption) -> None:
    with interrupted.listening():
        ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()


def test_afterwards_signals_are_as_they_were(interrupted: Interruption) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    timer = signal.getitimer(signal.ITIMER_REAL)
    with interrupted.listening():
        pass
    assert [signal.getsignal(number) for number in numbers] == before
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (timer[0] > 0)
    with Interruption().listening():
        ctrl_c()
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_thread_cannot_listen_and_is_not_disturbed(interrupted: Interruption) -> None:
    done: list[int] = []

    def work() -> None:
        with interrupted.listening(), interrupted.stoppable():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
