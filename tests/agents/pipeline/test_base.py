"""The base model of the tiny world: same seed, same bytes; an entry of the cache is whole or not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.errors import ConfigError, PolicyError
from agents.pipeline.base import BASE, STUDENT_BASE, BaseConfig, PretrainingPhase, pretrained_base
from agents.pipeline.pretraining import packed_rows, pretrain
from agents.policies.tiny import build_tiny_policy, build_tiny_tokenizer
from reasonenv.tasksets.tiny_world import WebConfig, tokenizer_phrases

_PHASE = PretrainingPhase(num_steps=2, learning_rate=1e-3, choice_share=0.5)
_SHORT = BaseConfig(
    hidden_size=16,
    num_layers=1,
    num_heads=1,
    intermediate_size=16,
    phases=(replace(_PHASE, lesson_pages=1.0), _PHASE),
    num_rows=2,
    row_tokens=64,
    min_accuracy=None,
)


def _weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_same_settings_and_seed_give_the_same_bytes_and_other_seeds_others(tmp_path: Path) -> None:
    first, second = (pretrained_base(_SHORT, seed=0, cache_dir=tmp_path / name) for name in ("a", "b"))
    assert first.name == second.name
    assert _weights(first) == _weights(second)
    other = pretrained_base(_SHORT, seed=1, cache_dir=tmp_path / "a")
    assert other.name != first.name
    assert _weights(other) != _weights(first)


def test_a_base_is_trained_once_and_loads_with_its_tokenizer(tmp_path: Path) -> None:
    folder = pretrained_base(replace(_SHORT, architecture="llama"), seed=0, cache_dir=tmp_path)
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert pretrained_base(replace(_SHORT, architecture="llama"), seed=0, cache_dir=tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]
    assert AutoModelForCausalLM.from_pretrained(folder).config.model_type == "llama"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    page = "<|user|>从7①减6，末位是几？<|assistant|>7①减6得1。<eos>"
    assert tokenizer.decode(tokenizer.encode(page)) == page
    assert len(tokenizer.encode(page)) == 16


def test_a_base_that_cannot_compute_is_refused_in_words_and_found_so_again(tmp_path: Path) -> None:
    config = replace(_SHORT, min_accuracy=0.5)
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"at least 0\.50 must be .*chain en 0\.\d\d, chain zh"):
            pretrained_base(config, seed=0, cache_dir=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert set(json.loads((folder / "pretraining.json").read_text())["skill"]) == {
        "chain en", "chain zh", "choice en", "choice zh",
    }  # fmt: skip


def test_a_killed_process_leaves_no_entry(tmp_path: Path) -> None:
    program = (
        "from dataclasses import replace\nfrom pathlib import Path\nimport sys\n"
        "from agents.pipeline.base import *\n"
        "phase = PretrainingPhase(num_steps=10**6, learning_rate=1e-3, choice_share=0.5)\n"
        "config = BaseConfig(hidden_size=16, num_layers=1, num_heads=1, intermediate_size=16, phases=(phase,),"
        " num_rows=1, row_tokens=16)\n"
        "pretrained_base(config, seed=0, cache_dir=Path(sys.argv[1]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=os.environ.copy())
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".base-*.pt")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob(".base-*.pt"))
    assert not list(tmp_path.glob("base-*"))


def test_training_that_was_stopped_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    first = replace(_PHASE, num_steps=100)
    tokenizer = build_tiny_tokenizer(tokenizer_phrases())

    def weights(*runs: tuple[PretrainingPhase, ...], state_file: Path) -> list[torch.Tensor]:
        model, _ = build_tiny_policy(seed=0, tokenizer=tokenizer, hidden_size=8, num_layers=1, num_heads=1, head_dim=8)
        for phases in runs:
            model.load_state_dict(initial)
            pretrain(
                model,
                tokenizer,
                phases,
                WebConfig(),
                num_rows=1,
                row_tokens=32,
                seed=0,
                state_file=state_file,
                accuracy=float,
            )
        return [tensor.clone() for tensor in model.state_dict().values()]

    untrained, _ = build_tiny_policy(seed=0, tokenizer=tokenizer, hidden_size=8, num_layers=1, num_heads=1, head_dim=8)
    initial = untrained.state_dict()
    torch.set_num_threads(1)
    whole = weights((first, _PHASE), state_file=tmp_path / "whole")
    stopped = weights((first,), (first, _PHASE), state_file=tmp_path / "stopped")
    assert all(torch.equal(one, other) for one, other in zip(whole, stopped, strict=True))


def test_pages_of_a_row_do_not_see_each_other_and_begin_at_position_0() -> None:
    import random

    tokenizer = build_tiny_tokenizer(tokenizer_phrases())
    rows = packed_rows(random.Random(0), tokenizer, WebConfig(), num_rows=4, row_tokens=192)
    starts = rows.positions_BT == 0
    assert starts[:, 0].all()
    assert starts.sum() > 4
    assert torch.equal(rows.pages_BT, starts.long().cumsum(1) - 1)
    mask = rows.mask()[:, 0]
    assert not (mask & (rows.pages_BT[:, :, None] != rows.pages_BT[:, None, :])).any()
    assert torch.equal(mask.sum(-1), rows.positions_BT + 1)
    assert (rows.targets()[starts[:, 1:]] == -100).all()


def test_the_students_are_smaller_than_the_base() -> None:
    def size(config: BaseConfig) -> int:
        model, _ = build_tiny_policy(
            seed=0,
            tokenizer=build_tiny_tokenizer(tokenizer_phrases()),
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            num_heads=config.num_heads,
            head_dim=config.head_dim,
            intermediate_size=config.intermediate_size,
        )
        return sum(parameter.numel() for parameter in model.parameters())

    assert 200_000 < size(BASE) < 300_000
    assert 80_000 < size(STUDENT_BASE) < 120_000


def test_a_base_without_a_phase_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"base\.num_phases must be at least 1"):
        BaseConfig(phases=())


def test_a_phase_goes_on_until_the_model_has_learned_what_it_is_for_or_its_last_step(tmp_path: Path) -> None:
    tokenizer = build_tiny_tokenizer(tokenizer_phrases())

    def hundreds(max_steps: int, *found: float) -> int:
        model, _ = build_tiny_policy(seed=0, tokenizer=tokenizer, hidden_size=8, num_layers=1, num_heads=1, head_dim=8)
        phase = replace(_PHASE, min_accuracy=0.5, max_steps=max_steps)
        file, answers = tmp_path / f"{max_steps}-{len(found)}", iter(found)
        losses = pretrain(
            model,
            tokenizer,
            (phase,),
            WebConfig(),
            num_rows=1,
            row_tokens=32,
            seed=0,
            state_file=file,
            accuracy=lambda: next(answers),
        )
        return len(losses)

    assert hundreds(900, 0.7) == 1
    assert hundreds(900, 0.1, 0.6) == 3
    assert hundreds(150, 0.1) == 2
