from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from areas import needs
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.errors import CheckpointError
from agents.learner import Learner, OptimizerConfig
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.records.checkpoint import (
    Retention,
    load_env_state,
    load_learner_state,
    load_state,
    save_checkpoint,
    save_state,
)
from reasonenv.vector import TextVectorEnv

MODEL, TOKENIZER = build_tiny_policy(seed=0, hidden_size=16, num_layers=1, intermediate_size=16)


class Killed(BaseException):
    """Stands for the end of the process: nothing in the code may catch it."""


class DyingModel:
    """A model whose process dies while it writes."""

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "model-00001-of-00002.safetensors").write_bytes(b"half")
        raise Killed


def save(
    folder: Path,
    name: str,
    *,
    step: int = 0,
    model: Any = MODEL,
    learner: Any = None,
    env: Any = None,
    keep: Sequence[str] = (),
    best: str | None = None,
) -> None:
    save_checkpoint(
        folder,
        name,
        phase="rl",
        model=model,
        tokenizer=TOKENIZER,
        learner=learner,
        env_state=env,
        state={"step": step},
        retention=Retention(names=keep, best=best),
    )


def checkpoints(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def new_learner(*, has_value_head: bool = False) -> Learner:
    model, _ = build_tiny_policy(seed=0, hidden_size=16, num_layers=1, intermediate_size=16)
    policy = HFPolicy(model, has_value_head=has_value_head)
    return Learner(policy, OptimizerConfig(learning_rate=0.1), num_optimizer_steps=5)


def take_step(learner: Learner) -> None:
    sum(parameter.square().sum() for parameter in learner.policy.parameters()).backward()
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    learner.num_steps_done += 1


def test_a_folder_without_checkpoint_has_no_state(tmp_path: Path) -> None:
    assert load_state(tmp_path) is None
    assert load_state(tmp_path / "absent") is None


def test_state_comes_back(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    assert load_state(tmp_path) == {"step": 5}


def test_checkpoint_is_an_ordinary_hugging_face_folder(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint")
    assert torch.equal(model.get_output_embeddings().weight, MODEL.get_output_embeddings().weight)
    text = "<think>5</think>"
    assert AutoTokenizer.from_pretrained(tmp_path / "checkpoint").encode(text) == TOKENIZER.encode(text)


def test_run_folder_can_be_moved(tmp_path: Path) -> None:
    save(tmp_path / "here", "rl-000005", step=5)
    (tmp_path / "here").rename(tmp_path / "there")
    assert load_state(tmp_path / "there") == {"step": 5}


def test_new_checkpoint_replaces_the_old_one(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    save(tmp_path, "rl-000010", step=10)
    assert load_state(tmp_path) == {"step": 10}
    assert checkpoints(tmp_path) == ["rl-000010"]


def test_checkpoints_to_keep_stay_whole_and_the_others_go(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    save(tmp_path, "rl-000010", step=10, keep=["rl-000005"])
    save(tmp_path, "rl-000015", step=15, keep=["rl-000010"])
    assert checkpoints(tmp_path) == ["rl-000010", "rl-000015"]
    assert load_state(tmp_path) == {"step": 15}
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoints" / "rl-000010") is not None


def test_best_checkpoint_has_a_link_and_stays(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5, best="rl-000005")
    save(tmp_path, "rl-000010", step=10, best="rl-000005")
    save(tmp_path, "rl-000015", step=15, best="rl-000005")
    assert checkpoints(tmp_path) == ["rl-000005", "rl-000015"]
    assert (tmp_path / "best").resolve() == tmp_path.resolve() / "checkpoints" / "rl-000005"
    save(tmp_path, "rl-000020", step=20, best="rl-000020")
    assert checkpoints(tmp_path) == ["rl-000020"]
    assert (tmp_path / "best").resolve().name == "rl-000020"


def test_without_an_evaluation_there_is_no_best_checkpoint(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005")
    assert not (tmp_path / "best").is_symlink()


def test_death_while_deleting_leaves_no_half_of_a_checkpoint_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying_rmtree(path: Path, ignore_errors: bool = False) -> None:
        if Path(path).exists():
            (Path(path) / "model.safetensors").unlink()
            raise Killed

    save(tmp_path, "rl-000005", step=5)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", dying_rmtree)
        with pytest.raises(Killed):
            save(tmp_path, "rl-000010", step=10)
    assert checkpoints(tmp_path) == ["rl-000005.old", "rl-000010"]
    assert load_state(tmp_path) == {"step": 10}
    save(tmp_path, "rl-000015", step=15, keep=["rl-000005"])
    assert checkpoints(tmp_path) == ["rl-000015"]


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_another_state_of_the_same_weights_shares_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_hard_links: bool
) -> None:
    def no_link(source: str, target: str) -> None:
        raise OSError("no hard links here")

    if not has_hard_links:
        monkeypatch.setattr(os, "link", no_link)
    save(tmp_path, "rl-000005", step=5, env={"seed": 3})
    weights = tmp_path / "checkpoint" / "model.safetensors"
    file, content = weights.stat().st_ino, weights.read_bytes()
    save_state(tmp_path, "rl-000005-after", {"step": 6}, retention=Retention())
    assert checkpoints(tmp_path) == ["rl-000005-after"]
    assert (load_state(tmp_path), load_env_state(tmp_path)) == ({"step": 6}, {"seed": 3})
    assert weights.read_bytes() == content
    assert (weights.stat().st_ino == file) is has_hard_links


def test_checkpoint_of_the_same_name_is_left_as_it_is(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    save(tmp_path, "rl-000005", step=6, model=DyingModel())
    assert load_state(tmp_path) == {"step": 5}


def test_death_while_writing_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    with pytest.raises(Killed):
        save(tmp_path, "rl-000010", step=10, model=DyingModel())
    assert load_state(tmp_path) == {"step": 5}
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint") is not None


def test_death_while_writing_the_first_checkpoint_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        save(tmp_path, "rl-000005", model=DyingModel())
    assert load_state(tmp_path) is None


def test_leftover_draft_is_overwritten_and_removed(tmp_path: Path) -> None:
    save(tmp_path, "rl-000005", step=5)
    with pytest.raises(Killed):
        save(tmp_path, "rl-000010", step=10, model=DyingModel())
    assert checkpoints(tmp_path) == ["rl-000005", "rl-000010.draft"]
    save(tmp_path, "rl-000010", step=10)
    assert checkpoints(tmp_path) == ["rl-000010"]
    assert not list((tmp_path / "checkpoint").glob("model-*"))


def test_leftover_draft_of_another_step_is_removed(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        save(tmp_path, "rl-000005", model=DyingModel())
    save(tmp_path, "rl-000007", step=7)
    assert checkpoints(tmp_path) == ["rl-000007"]


def test_checkpoint_that_was_renamed_but_not_linked_does_not_count(tmp_path: Path) -> None:
    """A kill between the rename and the link leaves both folders and the old link."""
    save(tmp_path / "other", "rl-000010", step=99)
    save(tmp_path, "rl-000005", step=5)
    (tmp_path / "other" / "checkpoints" / "rl-000010").rename(tmp_path / "checkpoints" / "rl-000010")
    assert load_state(tmp_path) == {"step": 5}
    save(tmp_path, "rl-000010", step=10)
    assert load_state(tmp_path) == {"step": 10}
    assert checkpoints(tmp_path) == ["rl-000010"]


def test_leftover_draft_of_the_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.draft").symlink_to("checkpoints/rl-000001")
    save(tmp_path, "rl-000005", step=5)
    assert load_state(tmp_path) == {"step": 5}
    assert not (tmp_path / "checkpoint.draft").is_symlink()


@needs("linux")  # elsewhere, descriptors have no names in /proc
def test_the_link_moves_once_everything_is_on_disk_and_is_then_put_there_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, "rl-000005")
    synced: list[tuple[Path, str]] = []
    fsync = os.fsync

    def recording_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path, (tmp_path / "checkpoint").resolve().name))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    save(tmp_path, "rl-000010")
    parent, draft = tmp_path / "checkpoints", tmp_path / "checkpoints" / "rl-000010.draft"
    files = {draft / path.name for path in (parent / "rl-000010").iterdir()}
    assert {path for path, link in synced if link == "rl-000005"} == {*files, draft, parent}
    assert synced[-2:] == [(parent, "rl-000005"), (tmp_path, "rl-000010")]


@pytest.mark.parametrize("text", ["", "{", "[1, 2"])
def test_damaged_state_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    save(tmp_path, "rl-000005")
    (tmp_path / "checkpoint" / "state.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"no checkpoint of a run.*without --resume"):
        load_state(tmp_path)


def test_folder_that_is_no_checkpoint_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(CheckpointError, match=r"state\.json"):
        load_state(tmp_path)


def test_environment_state_comes_back_and_continues_exactly(tmp_path: Path) -> None:
    env = TextVectorEnv(4, group_size=2, tasks="chain_arithmetic", template="plain")
    env.reset(seed=3)
    env.step(["5", "", "\ud800", "x"])
    save(tmp_path, "rl-000001", env=env.get_state())
    twin = TextVectorEnv(4, group_size=2, tasks="chain_arithmetic", template="plain")
    twin.set_state(load_env_state(tmp_path))
    for _ in range(3):
        actions = ["1", "2", "3", "4"]
        ours, theirs = env.step(actions), twin.step(actions)
        assert ours[0] == theirs[0]
        assert np.array_equal(ours[1], theirs[1])


def test_no_environment_comes_back_as_none(tmp_path: Path) -> None:
    save(tmp_path, "sft-000001")
    assert load_env_state(tmp_path) is None
    assert pickle.loads((tmp_path / "checkpoint" / "env_state.pickle").read_bytes()) is None


def test_optimizer_critic_anchor_and_step_counter_come_back(tmp_path: Path) -> None:
    learner, other = new_learner(has_value_head=True), new_learner(has_value_head=True)
    learner.freeze_reference()
    take_step(learner)
    save(tmp_path, "rl-000001", learner=learner, model=learner.policy.model)
    load_learner_state(tmp_path, other)
    other.policy.model.load_state_dict(learner.policy.model.state_dict())
    assert other.num_steps_done == 1
    for ours, theirs in zip(learner.reference.parameters(), other.reference.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    take_step(learner)
    take_step(other)
    for ours, theirs in zip(learner.policy.parameters(), other.policy.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_torch_generator_comes_back(tmp_path: Path) -> None:
    learner = new_learner()
    with torch.random.fork_rng(devices=[]):
        save(tmp_path, "rl-000001", learner=learner)
        drawn = torch.rand(3)
        load_learner_state(tmp_path, learner)
        assert torch.equal(torch.rand(3), drawn)
