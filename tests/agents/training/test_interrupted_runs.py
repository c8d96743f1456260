"""Runs that are stopped anywhere: they end within ten seconds and go on to the same bits."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from test_train import STAGE, lines, longer, outcome, small_run

from agents import interruption
from agents.algorithms import GRPO
from agents.config import EnvConfig, RunConfig, SFTConfig
from agents.interruption import Interrupted
from agents.learner import UpdateConfig
from agents.records.checkpoint import load_state
from agents.train import train
from agents.types import LossOutput, PolicyOutputs, TokenBatch
from reasonenv.rewards import PRESETS, CompositeReward, load_reward, rule
from reasonenv.types import Task

COUNTDOWN: dict[str, int] = {}
"""Calls until the signal comes, by what is called."""
SECONDS_PER_LOSS = [0.0]


def count(name: str) -> None:
    if name in COUNTDOWN:
        COUNTDOWN[name] -= 1
        if COUNTDOWN[name] == 0:
            os.kill(os.getpid(), signal.SIGINT)


@rule("codes")
def codes(task: Task[Any], response: str) -> float:
    count("reward")
    return sum(map(ord, response)) % 7 / 7


def alarmed() -> CompositeReward:
    """Varied rewards, of which one may bring the signal."""
    return CompositeReward({"accuracy": (load_reward("accuracy").terms["accuracy"][0], 1.0), "codes": (codes, 0.5)})


@dataclass(frozen=True, kw_only=True)
class AlarmedGRPO(GRPO):
    """GRPO whose loss may bring the signal; its two minibatches have one call each."""

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        count("loss")
        time.sleep(SECONDS_PER_LOSS[0])
        return super().loss(outputs, batch)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    yield
    COUNTDOWN.clear()
    SECONDS_PER_LOSS[0] = 0.0


@pytest.fixture(autouse=True, scope="module")
def presets() -> Iterator[None]:
    PRESETS["alarmed"] = f"{__name__}:alarmed"
    yield
    del PRESETS["alarmed"]


def alarmed_run(folder: Path, control: tuple[SFTConfig, ...] = (STAGE,), **changes: Any) -> RunConfig:
    config = small_run(
        folder,
        cold_start=(STAGE,),
        control=control,
        env=EnvConfig(tasks="chain_arithmetic", template="plain", reward="alarmed"),
        **{"checkpoint_every": 3, **changes},
    )
    return longer(config, 4, algorithm=AlarmedGRPO(), update=UpdateConfig(num_minibatches=2))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, presets: None) -> Path:
    config = alarmed_run(tmp_path_factory.mktemp("whole"))
    train(config)
    return config.folder


def interrupt(config: RunConfig, *, resume: bool = False, **countdown: int) -> str:
    """Run until the signal that comes at this call; return what the run says."""
    COUNTDOWN.update(countdown)
    started = time.monotonic()
    with pytest.raises(Interrupted) as stopped:
        train(config, resume=resume)
    assert time.monotonic() - started < 120
    COUNTDOWN.clear()
    return str(stopped.value)


def position(folder: Path) -> tuple[int, int, bool] | None:
    state = load_state(folder)
    return None if state is None else (state["phase"], state["step"], state["trained"] is not None)


@pytest.mark.parametrize(
    ("call", "said", "saved"),
    [
        (3, "in the evaluation 'before'", (1, 0, False)),
        (13, "in the evaluation 'before'", (1, 0, False)),
        (20, "in the evaluation 'control'", (3, 0, False)),
        (36, "before step 1 of rl was done", (4, 0, False)),
        (44, "before step 2 of rl was done", (4, 1, False)),
        (55, "before step 2 of rl was done", (4, 1, True)),
        (70, "before step 3 of rl was done", (4, 2, False)),
        (100, "in the evaluation 'after'", (5, 0, False)),
    ],
)
def test_a_signal_while_responses_are_scored_loses_nothing(
    whole: Path, tmp_path: Path, call: int, said: str, saved: tuple[int, int, bool]
) -> None:
    """2 scores try the parts, 16 are an evaluation, 8 a step: `call` lies in every phase that samples, once in RL's."""
    config = alarmed_run(tmp_path)
    message = interrupt(config, reward=call)
    assert said in message
    assert f"--resume {config.folder}" in message
    assert position(config.folder) == saved
    train(config, resume=True)
    assert outcome(config.folder) == outcome(whole)


def test_a_signal_in_the_first_minibatch_takes_the_step_back(whole: Path, tmp_path: Path) -> None:
    config = alarmed_run(tmp_path)
    assert "before step 2 of rl was done" in interrupt(config, loss=3)
    assert position(config.folder) == (4, 1, False)
    assert {row["step"] for row in lines(config.folder / "rollouts.jsonl")} == {0}
    train(config, resume=True)
    assert outcome(config.folder) == outcome(whole)


def test_a_signal_once_weights_have_changed_lets_the_step_finish(whole: Path, tmp_path: Path) -> None:
    config = alarmed_run(tmp_path)
    assert "before step 2 of rl was done" in interrupt(config, loss=4)
    assert position(config.folder) == (4, 1, True)
    train(config, resume=True)
    assert outcome(config.folder) == outcome(whole)


def test_an_update_that_takes_too_long_is_given_up_for_the_last_checkpoint(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = alarmed_run(tmp_path)
    monkeypatch.setattr(interruption, "GRACE_SECONDS", 0.1)
    SECONDS_PER_LOSS[0] = 1.0
    assert "had begun to change the weights" in interrupt(config, loss=4)
    assert position(config.folder) == (4, 0, False)
    SECONDS_PER_LOSS[0] = 0.0
    train(config, resume=True)
    assert outcome(config.folder) == outcome(whole)


def test_a_run_may_be_stopped_again_and_again(whole: Path, tmp_path: Path) -> None:
    config = alarmed_run(tmp_path)
    interrupt(config, reward=5)
    for call in (3, 30, 20, 20, 10):
        interrupt(config, resume=True, reward=call)
    train(config, resume=True)
    assert outcome(config.folder) == outcome(whole)


def test_a_run_that_is_stopped_while_it_is_extended_ends_the_same_and_has_no_summary_before(
    whole: Path, tmp_path: Path
) -> None:
    grown = alarmed_run(tmp_path)
    train(longer(grown, 2))
    interrupt(grown, resume=True, reward=12)
    assert not (grown.folder / "summary.json").exists()
    train(grown, resume=True)
    assert outcome(grown.folder) == outcome(whole)


def test_checkpoints_of_an_interruption_do_not_push_out_the_scheduled_ones(tmp_path: Path) -> None:
    config = alarmed_run(tmp_path, control=(), checkpoint_every=1, keep_checkpoints=2)
    config = replace(config, evaluation=replace(config.evaluation, every=None))
    interrupt(config, reward=16 + 2 * 8 + 4)
    names = sorted(path.name for path in (config.folder / "checkpoints").iterdir())
    assert names == ["rl-000001", "rl-000002"]
    train(config, resume=True)
    names = sorted(path.name for path in (config.folder / "checkpoints").iterdir())
    assert names == ["rl-000003", "rl-000004-after"]


def test_a_signal_while_parts_are_looked_for_leaves_no_folder(tmp_path: Path) -> None:
    config = small_run(tmp_path, env=EnvConfig(tasks="chain_arithmetic", reward=f"{__name__}:signalling"))
    with pytest.raises(Interrupted, match="before anything was written"):
        train(config)
    assert not config.folder.exists()


def __getattr__(name: str) -> Any:
    """Bring the signal when a part of this name is imported."""
    if name != "signalling":
        raise AttributeError(name)
    os.kill(os.getpid(), signal.SIGINT)
    return codes


FLAGS = [
    *("--rl.num-steps=4", "--rl.rollout.max-new-tokens=200", "--rl.rollout.num-prompts=8"),
    *("--rl.update.num-minibatches=2", "--checkpoint-every=3"),
    *("--cold-start-1.num-steps=5", "--cold-start-2.num-steps=5", "--control-1.num-steps=5"),
    *("--evaluation.num-tasks=30", "--evaluation.max-new-tokens=200", "--evaluation.every=2"),
]


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "agents", "train", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Return a finished run of the command line, and how long it took."""
    folder, started = tmp_path_factory.mktemp("uninterrupted"), time.monotonic()
    process = start("quickstart", f"--output-dir={folder}", *FLAGS)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return folder / "quickstart", time.monotonic() - started


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(12))
def test_signals_at_random_moments_end_the_run_in_ten_seconds_and_leave_no_trace(
    uninterrupted: tuple[Path, float], tmp_path: Path, seed: int
) -> None:
    folder, rng = tmp_path / "quickstart", random.Random(seed)
    begin: Callable[[], subprocess.Popen[str]] = lambda: start("quickstart", f"--output-dir={tmp_path}", *FLAGS)  # noqa: E731
    for _ in range(3):
        process = begin()
        try:
            process.communicate(timeout=rng.uniform(0.2, 1) * uninterrupted[1])
            break
        except subprocess.TimeoutExpired:
            process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM]))
            process.communicate(timeout=10)
        if (folder / "config.json").exists():
            begin = lambda: start("--resume", str(folder))  # noqa: E731
    process = begin()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert outcome(folder) == outcome(uninterrupted[0])
