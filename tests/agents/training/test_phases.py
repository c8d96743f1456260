"""Runs of several phases: each with its own samples, tasks, reward and start, and the same bits after a kill."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from test_train import lines, outcome, start, stop_at
from transformers import AutoModelForCausalLM

from agents.algorithms import GRPO
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig
from agents.errors import CheckpointError, ConfigError
from agents.learner import OptimizerConfig
from agents.policies.tiny import build_tiny_policy
from agents.records.checkpoint import save_policy
from agents.seeds import derive_seed
from agents.train import train

OPTIMIZER = OptimizerConfig(learning_rate=1e-3)
ENV = EnvConfig(tasks="chain_arithmetic", template="plain", reward="length")
ROLLOUT = RolloutConfig(num_prompts=2, group_size=4, max_new_tokens=6)
FIRST = RLConfig(name="first", num_steps=3, rollout=ROLLOUT, optimizer=OPTIMIZER, algorithm=GRPO(kl_coef=0.1))
SECOND = replace(
    FIRST,
    name="second",
    num_steps=4,
    env=replace(ENV, tasks="gcd_lcm", reward={"length": 1.0, "format": 0.5}),
    rollout=replace(ROLLOUT, temperature=0.7),
    keeps_optimizer=True,
    reference_every=5,
)
LIMITS: dict[str, Any] = {"num_tasks": 2, "max_new_tokens": 6}


def write_samples(path: Path, *, num: int = 6) -> Path:
    rows = [{"prompt": f"{n}+1=", "response": f"{n + 1}", "weight": 1 + n / 2, "note": "ignored"} for n in range(num)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def phased_run(folder: Path, **changes: Any) -> RunConfig:
    config = RunConfig(
        name="small",
        output_dir=folder,
        policy=PolicyConfig(num_threads=1),
        env=ENV,
        phases=(
            SFTConfig(samples=folder / "samples.jsonl", num_epochs=2, batch_size=4, optimizer=OPTIMIZER),
            "taught",
            FIRST,
            EvaluationConfig(name="between", keeps_responses=True, temperature=0.5, samples_per_task=2, **LIMITS),
            SECOND,
            EvaluationConfig(name="first_again", start="first", **LIMITS),
            replace(FIRST, name="fresh", num_steps=2, start="initial"),
        ),
        evaluation=EvaluationConfig(**LIMITS),
        checkpoint_every=2,
        keep_checkpoints=3,
    )
    return replace(config, **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    write_samples(folder / "samples.jsonl")
    train(phased_run(folder))
    return folder / "small"


def test_every_phase_is_played_in_order_under_its_own_name(finished: Path) -> None:
    steps = [(row["phase"], row["step"]) for row in lines(finished / "metrics.jsonl")]
    lengths = {"sft": 3, "first": 3, "second": 4, "fresh": 2}  # 6 samples twice, 4 a batch
    assert steps == [(name, step) for name, num_steps in lengths.items() for step in range(num_steps)]
    summary = json.loads((finished / "summary.json").read_text())
    assert [name for name in summary if isinstance(summary[name], dict)] == [
        "taught", "between", "first_again", "seconds",
    ]  # fmt: skip
    assert set(lengths) <= set(summary["seconds"])


def test_a_phase_learns_from_its_own_tasks_by_its_own_reward(finished: Path) -> None:
    rows = {
        name: [row for row in lines(finished / "rollouts.jsonl") if row["phase"] == name]
        for name in ("first", "second")
    }
    assert {row["task_id"].partition("/")[0] for row in rows["first"]} == {"chain_arithmetic"}
    assert {row["task_id"].partition("/")[0] for row in rows["second"]} == {"gcd_lcm"}
    assert set(rows["second"][0]["reward_components"]) == {"length", "format"}


def test_two_phases_of_the_same_tasks_take_them_in_another_order(finished: Path) -> None:
    rows = lines(finished / "rollouts.jsonl")
    first, fresh = ([row["task_id"] for row in rows if row["phase"] == name] for name in ("first", "fresh"))
    assert first[: len(fresh)] != fresh


def test_a_phase_of_evaluation_keeps_its_responses_where_it_is_asked_to(finished: Path) -> None:
    assert [path.name for path in (finished / "responses").iterdir()] == ["between.jsonl"]
    rows = lines(finished / "responses" / "between.jsonl")
    assert [row["sampling"] for row in rows] == ["greedy"] * 2 + ["sampled"] * 4


def test_policies_that_later_phases_start_from_are_kept(finished: Path) -> None:
    assert sorted(path.name for path in (finished / "starts").iterdir()) == ["first", "initial"]


def test_the_samples_are_recorded_with_the_hash_of_their_file(finished: Path) -> None:
    recorded = json.loads((finished / "tasks.json").read_text())
    content = (finished.parent / "samples.jsonl").read_bytes()
    assert recorded["sft"] == {"tasks": "6 samples", "digest": sha256(content).hexdigest()}
    assert {"training", "evaluation", "second", "between", "first_again"} <= set(recorded)


def killed_arguments(folder: Path) -> str:
    return f"__import__('test_phases') and train(__import__('test_phases').phased_run(Path({str(folder)!r})))"


@pytest.mark.slow
@pytest.mark.parametrize("num_rows", [1, 3, 4, 6, 7, 9, 11])
def test_a_killed_run_of_several_phases_goes_on_bit_for_bit(finished: Path, tmp_path: Path, num_rows: int) -> None:
    write_samples(tmp_path / "samples.jsonl")
    process = start(killed_arguments(tmp_path))
    stop_at(process, tmp_path / "small", num_rows=num_rows, number=signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    train(phased_run(tmp_path), resume=True)
    assert outcome(tmp_path / "small") == outcome(finished)
    for name in ("learner.pt", "reference-fresh-000000.pt"):
        ours, theirs = (torch.load(folder / "checkpoint" / name) for folder in (tmp_path / "small", finished))
        assert str(ours.get("learner", ours)) == str(theirs.get("learner", theirs))
    assert (tmp_path / "small" / "responses" / "between.jsonl").read_bytes() == (
        finished / "responses" / "between.jsonl"
    ).read_bytes()


def test_samples_that_have_changed_are_refused(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples.jsonl")
    config = phased_run(tmp_path, phases=phased_run(tmp_path).phases[:1])
    train(config)
    write_samples(tmp_path / "samples.jsonl", num=7)
    with pytest.raises(CheckpointError, match="sft was on 6 samples, now on 7 samples"):
        train(config, resume=True)


def test_a_phase_goes_on_with_the_optimizer_and_the_anchor_of_the_phase_before_where_it_is_asked_to(
    tmp_path: Path,
) -> None:
    found: dict[bool, Any] = {}
    for keeps_optimizer in (True, False):
        second = replace(FIRST, name="second", num_steps=1, keeps_optimizer=keeps_optimizer)
        config = phased_run(tmp_path, name=str(keeps_optimizer), phases=(FIRST, "between", second))
        train(config)
        found[keeps_optimizer] = config.folder / "checkpoint"
    done = {keeps: torch.load(folder / "learner.pt")["learner"]["num_steps_done"] for keeps, folder in found.items()}
    assert done == {True: 4, False: 1}
    initial, _ = build_tiny_policy(seed=derive_seed(0, "policy"))
    anchors = {keeps: torch.load(folder / "reference-second-000000.pt") for keeps, folder in found.items()}
    is_initial = {keeps: _holds(anchor, initial.get_output_embeddings().weight) for keeps, anchor in anchors.items()}
    assert is_initial == {True: True, False: False}


def _holds(tensors: dict[str, torch.Tensor], weight: torch.Tensor) -> bool:
    return any(tensor.shape == weight.shape and torch.equal(tensor, weight) for tensor in tensors.values())


def test_the_warm_up_of_an_optimizer_that_is_kept_goes_on(tmp_path: Path) -> None:
    still = replace(FIRST, optimizer=replace(OPTIMIZER, num_warmup_steps=10))
    rates = {}
    for name, phases in {
        "one": (replace(still, num_steps=6),),
        "two": (still, replace(still, name="second", keeps_optimizer=True)),
    }.items():
        config = phased_run(tmp_path, name=name, phases=phases)
        train(config)
        rates[name] = [row["train/learning_rate"] for row in lines(config.folder / "metrics.jsonl")]
    assert rates["one"] == rates["two"]


def test_every_phase_has_the_anchor_that_it_began_with(tmp_path: Path) -> None:
    """KL is zero at the first step of a phase, for its anchor is the policy of then."""
    config = phased_run(tmp_path, phases=(FIRST, replace(FIRST, name="second")))
    train(config)
    rows = lines(config.folder / "metrics.jsonl")
    kl = {(row["phase"], row["step"]): row["train/kl_reference"] for row in rows}
    assert kl["first", 0] == pytest.approx(0, abs=1e-9)
    assert kl["first", 2] > 1e-6
    assert kl["second", 0] == pytest.approx(0, abs=1e-9)


def test_a_phase_may_start_from_a_folder(tmp_path: Path) -> None:
    model, tokenizer = build_tiny_policy(seed=9)
    save_policy(tmp_path / "other", model, tokenizer)
    still = SFTConfig(num_steps=0, start=str(tmp_path / "other"))
    config = phased_run(tmp_path, env=replace(ENV, reward=None), phases=("before", still, "after"))
    train(config)
    found = AutoModelForCausalLM.from_pretrained(config.folder / "checkpoint")
    assert torch.equal(found.get_output_embeddings().weight, model.get_output_embeddings().weight)


def test_a_start_that_is_not_there_is_named_before_anything_is_written(tmp_path: Path) -> None:
    config = phased_run(tmp_path, phases=(SFTConfig(num_steps=0, start="nowhere_at_all"),))
    with pytest.raises(ConfigError, match="nowhere_at_all"):
        train(config)
    assert not config.folder.exists()


def test_a_run_without_phases_has_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to do: give it phases"):
        train(phased_run(tmp_path, phases=()))


def test_a_run_without_an_evaluation_trains_on_all_rows_of_a_file(tmp_path: Path) -> None:
    rows = [{"question": f"{n}+1=?", "answer": n + 1, "solution": "One more."} for n in range(40)]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = phased_run(
        tmp_path,
        env=replace(ENV, tasks=str(tmp_path / "mine.jsonl"), reward=None),
        phases=(SFTConfig(num_steps=1, batch_size=2),),
    )
    summary = train(config)
    assert "of 40 problems" in json.loads((config.folder / "tasks.json").read_text())["training"]["tasks"]
    assert summary["constant_answer_baseline"] is None
