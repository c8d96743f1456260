"""The loop: phases, logs, checkpoints, interruption and exact resumption, on real tiny runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForCausalLM

from agents.algorithms import GRPO, PPO
from agents.config import (
    EnvConfig,
    EvaluationConfig,
    Phase,
    PolicyConfig,
    RLConfig,
    RolloutConfig,
    RunConfig,
    SFTConfig,
)
from agents.errors import CheckpointError
from agents.learner import OptimizerConfig
from agents.train import train

STAGE = SFTConfig(num_steps=3, batch_size=4, optimizer=OptimizerConfig(learning_rate=1e-3))

QUICK = EvaluationConfig(num_tasks=2, max_new_tokens=4)


RL = RLConfig(
    num_steps=4,
    rollout=RolloutConfig(num_prompts=2, group_size=4, max_new_tokens=6),
    optimizer=OptimizerConfig(learning_rate=1e-3),
)


def usual_phases(
    cold_start: Sequence[SFTConfig] = (), control: Sequence[SFTConfig] = (), rl: RLConfig | None = None
) -> tuple[Phase | str, ...]:
    """Return them, named as in the recipes; the control and reinforcement learning start from one policy."""
    supervised = [replace(phase, name=f"cold_start_{number}") for number, phase in enumerate(cold_start, start=1)]
    more = [
        replace(phase, name=f"control_{number}", start="before" if number == 1 else "previous")
        for number, phase in enumerate(control, start=1)
    ]
    learning = () if rl is None else (replace(rl, start="before" if control else "previous"), "after")
    return (*supervised, "before", *more, *(["control"] if more else []), *learning)


def small_run(
    folder: Path,
    cold_start: tuple[SFTConfig, ...] = (STAGE, STAGE),
    control: tuple[SFTConfig, ...] = (STAGE,),
    rl: RLConfig | None = RL,
    **changes: Any,
) -> RunConfig:
    config = RunConfig(
        name="small",
        output_dir=folder,
        policy=PolicyConfig(num_threads=1),
        env=EnvConfig(tasks="chain_arithmetic", template="plain"),
        phases=usual_phases(cold_start, control, rl),
        evaluation=EvaluationConfig(num_tasks=8, max_new_tokens=6, every=2),
        checkpoint_every=2,
    )
    return replace(config, **changes)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def without_times(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not key.startswith("time/") and key != "seconds"}


def outcome(folder: Path) -> tuple[Any, ...]:
    """Everything about a finished run that may not depend on when it was interrupted."""
    weights = AutoModelForCausalLM.from_pretrained(folder / "checkpoint").state_dict()
    return (
        without_times(json.loads((folder / "summary.json").read_text())),
        [without_times(row) for row in lines(folder / "metrics.jsonl")],
        lines(folder / "rollouts.jsonl"),
        {name: tensor.numpy().tobytes() for name, tensor in weights.items()},
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    train(small_run(folder))
    return folder / "small"


def test_run_writes_summary_config_metrics_rollouts_and_checkpoint(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert {"summary.json", "config.json", "metrics.jsonl", "rollouts.jsonl", "checkpoint"} <= names


def test_summary_reports_each_evaluation_with_its_size_and_interval(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    for name in ("before", "control", "after"):
        result = summary[name]
        assert result["n"] == 8
        low, high = result["greedy_interval"]
        assert 0 <= low <= result["greedy"] <= high <= 1
        assert 0 <= result["sampled"] <= 1
    assert 0 < summary["constant_answer_baseline"] <= 1


def test_metrics_have_one_row_per_step_of_each_phase_in_order(finished: Path) -> None:
    steps = [(row["phase"], row["step"]) for row in lines(finished / "metrics.jsonl")]
    sft = [(phase, step) for phase in ("cold_start_1", "cold_start_2", "control_1") for step in range(3)]
    assert steps == [*sft, *(("rl", step) for step in range(4))]


def test_rollouts_keep_every_component_of_every_reward(finished: Path) -> None:
    rows = lines(finished / "rollouts.jsonl")
    assert len(rows) == 4 * 2 * 4
    for row in rows:
        assert set(row["reward_components"]) == {"accuracy", "format"}
        assert row["reward"] == sum(row["reward_components"].values())
        assert row["reward_status"] == "scored"


def scalars(folder: Path, phase: str) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder / "tensorboard" / phase)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_shows_every_metric_of_every_step(finished: Path) -> None:
    shown = scalars(finished, "rl")
    rows = [row for row in lines(finished / "metrics.jsonl") if row["phase"] == "rl"]
    for name in {name for row in rows for name in row} - {"phase", "step"}:
        expected = [(row["step"], row[name]) for row in rows if name in row]
        assert shown[name] == [(step, pytest.approx(value, rel=1e-6)) for step, value in expected]


def test_evaluations_during_training_come_at_the_configured_interval(finished: Path) -> None:
    rows = [row for row in lines(finished / "metrics.jsonl") if row["phase"] == "rl"]
    assert ["eval/greedy" in row for row in rows] == [False, True, False, True]


def test_control_and_rl_start_from_the_same_policy(finished: Path) -> None:
    names = [phase.name for phase in small_run(finished).plan if phase.start == "before"]
    assert names == ["control_1", "rl"]


def test_same_seed_gives_the_same_run(finished: Path, tmp_path: Path) -> None:
    train(small_run(tmp_path))
    assert outcome(tmp_path / "small") == outcome(finished)


def test_other_seed_gives_another_run(finished: Path, tmp_path: Path) -> None:
    train(small_run(tmp_path, seed=1))
    assert lines(tmp_path / "small" / "rollouts.jsonl") != lines(finished / "rollouts.jsonl")


def test_supervised_phases_draw_examples_of_their_own(tmp_path: Path) -> None:
    """At such a learning rate the weights never change, so equal losses would be equal examples."""
    frozen = replace(STAGE, optimizer=OptimizerConfig(learning_rate=1e-30))
    train(small_run(tmp_path, cold_start=(frozen, frozen), control=(), rl=None))
    losses = [row["train/loss"] for row in lines(tmp_path / "small" / "metrics.jsonl")]
    assert len(losses) == len(set(losses)) == 6


def test_new_run_moves_the_folder_of_the_old_one_aside(tmp_path: Path) -> None:
    config = small_run(tmp_path, cold_start=(), control=(), rl=None)
    train(config)
    (tmp_path / "small" / "keep.txt").write_text("mine")
    train(config)
    assert (tmp_path / "small.previous-1" / "keep.txt").read_text() == "mine"
    assert not (tmp_path / "small" / "keep.txt").exists()


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    config = small_run(tmp_path, cold_start=(STAGE,), control=(), rl=None)
    first = train(config)
    assert without_times(train(config, resume=True)) == without_times(first)


def test_resuming_with_another_configuration_is_refused(tmp_path: Path) -> None:
    config = small_run(tmp_path, cold_start=(STAGE,), control=(), rl=None)
    train(config)
    with pytest.raises(
        CheckpointError,
        match=r"evaluation\.num_tasks was 8, now 9; evaluation\.max_new_tokens was 6, now 1024; evaluation\.every",
    ):
        train(replace(config, evaluation=EvaluationConfig(num_tasks=9)), resume=True)


def test_resuming_a_damaged_checkpoint_says_what_is_wrong(tmp_path: Path) -> None:
    config = small_run(tmp_path, cold_start=(STAGE,), control=(), rl=None)
    train(config)
    (tmp_path / "small" / "checkpoint" / "state.json").write_text("{")
    with pytest.raises(CheckpointError, match="no checkpoint of a run"):
        train(config, resume=True)


def test_only_the_newest_and_the_best_checkpoint_are_kept(finished: Path) -> None:
    best = (finished / "best").resolve().name
    assert sorted(path.name for path in (finished / "checkpoints").iterdir()) == [best, "rl-000004-after"]


def test_best_checkpoint_is_that_of_the_first_step_with_the_best_greedy_accuracy(finished: Path) -> None:
    rates = {row["step"]: row["eval/greedy"] for row in lines(finished / "metrics.jsonl") if "eval/greedy" in row}
    step = max(rates, key=lambda step: (rates[step], -step))
    assert (finished / "best").resolve().name == f"rl-{step + 1:06d}"
    assert AutoModelForCausalLM.from_pretrained(finished / "best") is not None


def test_the_last_checkpoints_of_different_weights_are_kept(tmp_path: Path) -> None:
    train(small_run(tmp_path, cold_start=(), control=(), checkpoint_every=1, keep_checkpoints=3, evaluation=QUICK))
    names = sorted(path.name for path in (tmp_path / "small" / "checkpoints").iterdir())
    assert names == ["rl-000002", "rl-000003", "rl-000004-after"]
    assert not (tmp_path / "small" / "best").exists()


def test_checkpoint_loads_as_an_ordinary_hugging_face_model(finished: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(finished / "checkpoint")
    assert model.get_output_embeddings().weight.isfinite().all()


def test_ppo_with_kl_resumes_bit_for_bit_after_ctrl_c(tmp_path: Path) -> None:
    ppo = replace(RL, algorithm=PPO(kl_coef=0.01), num_steps=5)
    whole = small_run(tmp_path / "whole", cold_start=(), control=(), rl=ppo)
    train(whole)
    broken = replace(whole, output_dir=tmp_path / "broken")
    process = start(broken_arguments(tmp_path / "broken"))
    stop_at(process, tmp_path / "broken" / "small", num_rows=2, number=signal.SIGINT)
    assert process.returncode == 130
    train(broken, resume=True)
    reward = "rollout/reward"
    assert scalars(broken.folder, "rl")[reward] == scalars(whole.folder, "rl")[reward]
    assert outcome(tmp_path / "broken" / "small") == outcome(tmp_path / "whole" / "small")


def longer(config: RunConfig, num_steps: int, **changes: Any) -> RunConfig:
    return config.with_phase(replace(config.rl_phases[0], num_steps=num_steps, **changes))


@pytest.mark.parametrize("algorithm", [GRPO(), PPO(kl_coef=0.01)])
def test_a_finished_run_that_gets_more_steps_becomes_the_run_that_had_them_from_the_start(
    tmp_path: Path, algorithm: GRPO | PPO
) -> None:
    config = longer(small_run(tmp_path / "grown", cold_start=(STAGE,), control=()), 3, algorithm=algorithm)
    train(config)
    train(longer(config, 5), resume=True)
    whole = replace(longer(config, 5), output_dir=tmp_path / "whole")
    train(whole)
    assert outcome(config.folder) == outcome(whole.folder)
    assert (config.folder / "best").resolve().name == (whole.folder / "best").resolve().name


@pytest.mark.slow
@pytest.mark.parametrize("num_rows", [1, 4, 8, 10, 12])
def test_killed_run_resumes_bit_for_bit(finished: Path, tmp_path: Path, num_rows: int) -> None:
    process = start(killed_arguments(tmp_path))
    stop_at(process, tmp_path / "small", num_rows=num_rows, number=signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    train(small_run(tmp_path), resume=True)
    assert outcome(tmp_path / "small") == outcome(finished)


def killed_arguments(folder: Path) -> str:
    return f"train(small_run(Path({str(folder)!r})))"


def broken_arguments(folder: Path) -> str:
    return (
        f"train(small_run(Path({str(folder)!r}), cold_start=(), control=(), "
        "rl=replace(RL, algorithm=PPO(kl_coef=0.01), num_steps=5)))"
    )


def start(call: str) -> subprocess.Popen[bytes]:
    """Run `call` in a fresh interpreter, with the command line's exit status for an interrupted run."""
    program = (
        "import sys\n"
        "from test_train import *\n"
        "from agents.interruption import Interrupted\n"
        f"try:\n    {call}\nexcept Interrupted:\n    sys.exit(130)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL)


def stop_at(process: subprocess.Popen[bytes], folder: Path, *, num_rows: int, number: signal.Signals) -> None:
    """Signal the run as soon as its metrics have `num_rows` rows."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.poll() is None:
        path = folder / "metrics.jsonl"
        if path.exists() and path.read_bytes().count(b"\n") >= num_rows:
            process.send_signal(number)
            break
        time.sleep(0.002)
    process.wait(timeout=100)


def test_torch_global_generator_is_left_alone(tmp_path: Path) -> None:
    state = torch.get_rng_state()
    train(small_run(tmp_path, cold_start=(STAGE,), control=(), rl=None))
    assert torch.equal(torch.get_rng_state(), state)
