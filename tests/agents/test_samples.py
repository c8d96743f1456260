"""Samples to imitate: read, refused with their place, encoded, taken epoch after epoch, weighed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from scripted_engine import CODEC, EOS

from agents.building.samples import load_samples
from agents.config import SFTConfig, SFTSample
from agents.errors import ConfigError
from agents.learner import Learner, OptimizerConfig
from agents.losses import sft_loss, totals_of
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.codec import TextCodec
from agents.sft import SampleExamples, SFTPhase, encoded_sample, sft_batch

ROW = {"prompt": "2+2=", "response": "4"}
CHAT = [{"role": "user", "content": "2+2?"}]


def phase(samples: list[SFTSample], *, batch_size: int = 2, **changes: Any) -> SFTPhase:
    rate = OptimizerConfig(learning_rate=1e-3)
    config = SFTConfig(samples=samples, num_epochs=1, batch_size=batch_size, optimizer=rate, **changes)
    learner = Learner(HFPolicy(build_tiny_policy(seed=0)[0]), rate, num_optimizer_steps=10)
    return SFTPhase(config, SampleExamples(config, samples, CODEC, seed=3), learner)


def test_a_file_holds_prompts_or_messages_with_responses_and_weights(tmp_path: Path) -> None:
    rows = [{**ROW, "weight": 2, "reward": 1.0}, {"messages": CHAT, "response": "4"}]
    path = tmp_path / "samples.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    found = load_samples(path, name="sft.samples")
    assert found.samples == (
        SFTSample(prompt="2+2=", response="4", weight=2.0),
        SFTSample(messages=({"role": "user", "content": "2+2?"},), response="4"),
    )
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_rows_in_memory_are_samples_too() -> None:
    found = load_samples([ROW, SFTSample(prompt="1+1=", response="2")], name="sft.samples")
    assert [sample.prompt for sample in found.samples] == ["2+2=", "1+1="]
    assert found.sha256 != load_samples([ROW], name="sft.samples").sha256


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "2+2="}, "response must be a text that is not empty, got None"),
        ({**ROW, "response": ""}, "response must be a text that is not empty, got ''"),
        ({"response": "4"}, "needs one of prompt and messages, got None and None"),
        ({**ROW, "messages": CHAT}, "needs one of prompt and messages"),
        ({**ROW, "prompt": 4}, "prompt must be a text, got 4"),
        ({**ROW, "weight": -1}, "weight must be a number of at least 0, got -1"),
        ({**ROW, "weight": float("nan")}, "weight must be a number of at least 0, got nan"),
        ({**ROW, "weight": True}, "weight must be a number of at least 0, got True"),
        ({**ROW, "weight": 10**400}, "weight must be a number of at least 0, got 1000"),
        ({"messages": [{"role": "user"}], "response": "4"}, "each message must be an object of role and content"),
        ({"messages": "2+2?", "response": "4"}, "each message must be an object of role and content"),
        ([1], r"must be an object with prompt or messages and response, got \[1\]"),
    ],
)
def test_what_is_no_sample_is_refused_with_its_place(tmp_path: Path, row: Any, message: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(f"{json.dumps(ROW)}\n{json.dumps(row)}\n")
    with pytest.raises(ConfigError, match=rf"cold\.samples='.*samples\.jsonl', sample 2.* {message}"):
        load_samples(str(path), name="cold.samples")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no sample"),
        (b'{"prompt": "2+2=", "response": "4", "weight": 0}', "only such of weight 0"),
        (b"{", "line 1 is no JSON in UTF-8"),
        (b"\xff\n", "line 1 is no JSON in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_holds_no_samples_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "samples.jsonl").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_samples(tmp_path / "samples.jsonl", name="sft.samples")


def test_a_prompt_is_encoded_as_it_is_and_messages_through_the_chat_template() -> None:
    chat = TextCodec(CODEC.tokenizer, use_chat_template=True)
    for codec in (CODEC, chat):
        prompt, response = encoded_sample(SFTSample(prompt="2+2=", response="4"), codec)
        assert prompt == CODEC.encode("2+2=")
        assert response == (*CODEC.encode("4"), codec.end_of_turn_id)
        prompt, response = encoded_sample(SFTSample(messages=tuple(CHAT), response="4"), codec)  # type: ignore[arg-type]
        assert prompt == chat.encode_prompt("", CHAT)  # type: ignore[arg-type]
        assert response == (*CODEC.encode("4"), chat.end_of_turn_id)


def test_every_epoch_takes_each_sample_once_in_an_order_of_its_own() -> None:
    samples = [SFTSample(prompt=f"{number}=", response=str(number)) for number in range(6)]
    examples = phase(samples).examples
    seen = [tuple(row.tolist()) for step in range(6) for row in examples.batch(step).token_ids_BT]
    epochs = [seen[:6], seen[6:]]
    assert all(set(Counter(epoch).values()) == {1} for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_half_an_epoch_is_half_of_the_steps() -> None:
    assert SFTConfig(samples="x.jsonl", num_epochs=1.5, batch_size=4).num_steps_on(10) == 4


def test_the_weight_of_a_sample_is_a_factor_of_its_loss() -> None:
    logprobs_BT = torch.tensor([[0.0, -1.0, -2.0], [0.0, -3.0, 0.0]])
    mask_BT = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    batch = sft_batch([((5,), (6, 7)), ((5,), (8,))], pad_token_id=0, weights=[2.0, 0.5])
    assert batch.token_weights_BT is not None
    assert batch.token_weights_BT.tolist() == [[0, 2, 2], [0, 0.5, 0]]
    loss = sft_loss(logprobs_BT, mask_BT, weights_BT=batch.token_weights_BT, totals=totals_of(mask_BT)).loss
    assert loss.item() == pytest.approx((2 * 1 + 2 * 2 + 0.5 * 3) / 3)


def test_samples_of_weight_zero_teach_nothing_and_of_weight_one_what_tasks_would() -> None:
    sample = SFTSample(prompt="2+2=", response="4")
    silent = phase([replace(sample, weight=0.0)] * 2)
    assert silent.step(0)["train/grad_norm"] == 0
    batch = sft_batch([(CODEC.encode("2+2="), (*CODEC.encode("4"), *EOS))] * 2, pad_token_id=CODEC.pad_token_id)
    ours, by_hand = phase([sample] * 2), phase([sample] * 2)
    expected = by_hand.learner.step(batch, lambda outputs, part: sft_loss(outputs.logprobs_BT, part.loss_mask_BT))
    assert ours.step(0)["train/loss"] == pytest.approx(expected["loss"], rel=1e-6)


def test_weights_hold_over_microbatches() -> None:
    samples = [SFTSample(prompt="1=", response="1" * length, weight=length) for length in (1, 4, 2, 3)]
    whole, cut = phase(samples, batch_size=4), phase(samples, batch_size=4, max_tokens_per_microbatch=16)
    assert whole.step(0)["train/loss"] == pytest.approx(cut.step(0)["train/loss"], rel=1e-6)
