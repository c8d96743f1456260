"""How much memory does one GRPO step take with a vocabulary of 151,936 tokens, beside what every step needs?

    python benchmarks/bench_policy_memory.py --help

A small random Qwen3 with that vocabulary takes steps on the CPU through `agents.learner.Learner`: as it is, and with
log-probabilities from full logits, as a policy without the kernel would compute them. Each measurement is the second
step of a process of its own, by which time the optimizer has its states. The peak of the resident memory above that of
the process before the model was built is compared with weights + gradients + optimizer states + what autograd keeps of
the trunk. Not all of these exist at one time, so the ratio can be below 1.

glibc keeps freed blocks in its heap, tens of MiB that no tensor uses. They are returned to the system in all
measurements but one, which leaves the allocator as a user finds it. B rows, T token positions, V vocabulary.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import tyro
from kernel.measurements import environment, reset_peak, status_bytes
from machine import describe_machine
from torch import Tensor
from torch.nn.functional import pad
from transformers import Qwen3Config, Qwen3ForCausalLM

from agents.algorithms import GRPO
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import totals_of
from agents.policies.hf import HFPolicy, RowsLoss
from agents.types import LossOutput, PolicyOutputs, TokenBatch

RESULTS = Path(__file__).parent / "results" / "policy_memory.json"
RETURN_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(128 << 10), "MALLOC_TRIM_THRESHOLD_": str(4 << 20)}
"""For glibc: its threshold is 128 KiB at first, and it raises it by itself unless it is set."""
GOAL = 1.3
"""Limit of the peak over weights, gradients, optimizer states and the trunk's activations."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The model and the batch."""

    vocabulary_size: int = 151_936
    hidden_size: int = 128
    intermediate_size: int = 384
    num_layers: int = 2
    num_rows: int = 4
    prompt_tokens: int = 8
    response_tokens: int = 248


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    setting: Setting = Setting()
    processes: int = 3
    """Per way and head; medians are reported."""
    out: Path = RESULTS


class FullLogitsPolicy(HFPolicy):
    """A policy whose log-probabilities come from the logits of all tokens."""

    def loss(
        self,
        token_ids_BT: Tensor,
        attention_mask_BT: Tensor,
        loss_mask_BT: Tensor,
        loss_of_rows: RowsLoss,
        *,
        group_ids_B: Tensor | None = None,
        temperature: float = 1.0,
    ) -> tuple[LossOutput, None]:
        assert group_ids_B is None
        assert temperature == 1.0
        logits_BTV = self.model(token_ids_BT, attention_mask=attention_mask_BT, use_cache=False).logits[:, :-1]
        logprobs_BT = logits_BTV.float().log_softmax(-1).gather(-1, token_ids_BT[:, 1:, None]).squeeze(-1)
        outputs = PolicyOutputs(logprobs_BT=pad(logprobs_BT * loss_mask_BT[:, 1:], (1, 0)))
        return loss_of_rows(outputs, slice(0, len(token_ids_BT))), None


WAYS: dict[str, tuple[type[HFPolicy], dict[str, str]]] = {
    "with the kernel": (HFPolicy, RETURN_FREED_MEMORY),
    "with the kernel, allocator as it is": (HFPolicy, {}),
    "full logits": (FullLogitsPolicy, RETURN_FREED_MEMORY),
}
"""Name → policy class and environment variables of the process."""


def main(arguments: Arguments) -> None:
    """Measure, write the results and print them."""
    heads = {
        head: {
            way: summary([measure(arguments.setting, way, is_tied=is_tied) for _ in range(arguments.processes)])
            for way in WAYS
        }
        for head, is_tied in (("own head", False), ("tied head", True))
    }
    result = {
        "machine": describe_machine(),
        "load_average": os.getloadavg()[0],
        "setting": asdict(arguments.setting),
        "goal": f"peak over the sum of the parts <= {GOAL} with the kernel",
        "is_goal_met": {
            head: {way: found["ratio"] <= GOAL for way, found in ways.items() if way != "full logits"}
            for head, ways in heads.items()
        },
        "mebibytes": heads,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(heads, indent=1))


def summary(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Return medians over the processes, and the ratio of the peak to the sum of what must be there."""
    medians = {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}
    parts = sum(medians[name] for name in ("weights", "gradients", "optimizer_states", "trunk_activations"))
    ratio = medians["peak"] / parts
    return medians | {"sum_of_parts": round(parts, 1), "ratio": round(ratio, 3), "peaks": [run["peak"] for run in runs]}


def measure(setting: Setting, way: str, *, is_tied: bool) -> dict[str, float]:
    print(way, "tied" if is_tied else "own head", flush=True)
    with environment(WAYS[way][1]), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure_here, setting, way, is_tied).result()


def measure_here(setting: Setting, way: str, is_tied: bool) -> dict[str, float]:
    """Measure MiB of the peak and of each part, and the gradient's norm, by which the ways can be compared."""
    small = Setting(vocabulary_size=512, hidden_size=32, intermediate_size=32, num_rows=2, response_tokens=24)
    update(learner_of(small, way, is_tied), batch_of(small))
    gc.collect()
    before = status_bytes("VmRSS")
    learner, batch = learner_of(setting, way, is_tied), batch_of(setting)
    update(learner, batch)
    gc.collect()
    reset_peak()
    metrics = update(learner, batch)
    peak = status_bytes("VmHWM") - before
    weights = sum(parameter.nbytes for parameter in learner.policy.parameters())
    states = sum(x.nbytes for state in learner.optimizer.state.values() for x in state.values())
    parts = {"peak": peak, "weights": weights, "gradients": weights, "optimizer_states": states}
    parts["trunk_activations"] = kept_bytes(learner.policy, batch)
    mebibytes = {name: round(value / 2**20, 1) for name, value in parts.items()}
    return mebibytes | {"gradient_norm": metrics["grad_norm"], "loss_tokens": float(batch.totals.num_tokens)}


def learner_of(setting: Setting, way: str, is_tied: bool) -> Learner:
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=setting.vocabulary_size,
        hidden_size=setting.hidden_size,
        intermediate_size=setting.intermediate_size,
        num_hidden_layers=setting.num_layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=setting.hidden_size // 4,
        tie_word_embeddings=is_tied,
    )
    return Learner(WAYS[way][0](Qwen3ForCausalLM(config)), OptimizerConfig(), num_optimizer_steps=2)


def batch_of(setting: Setting) -> TokenBatch:
    """Draw two groups with differing rewards, so that every row has a gradient."""
    generator = torch.Generator().manual_seed(0)
    shape = setting.num_rows, setting.prompt_tokens + setting.response_tokens
    loss_mask_BT = torch.ones(shape)
    loss_mask_BT[:, : setting.prompt_tokens] = 0
    return TokenBatch(
        token_ids_BT=torch.randint(setting.vocabulary_size, shape, generator=generator),
        attention_mask_BT=torch.ones(shape, dtype=torch.int64),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=-torch.tensor(setting.vocabulary_size).log() * loss_mask_BT,
        rewards_B=torch.arange(setting.num_rows) % 2.0,
        group_ids_B=torch.arange(2).repeat_interleave(setting.num_rows // 2),
        totals=totals_of(loss_mask_BT),
    )


def update(learner: Learner, batch: TokenBatch) -> dict[str, float]:
    return learner.update(batch, GRPO(), UpdateConfig(), temperature=1.0, seed=0)


def kept_bytes(policy: HFPolicy, batch: TokenBatch) -> int:
    """Return the bytes that autograd keeps from the forward pass of the trunk, without parameters."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in policy.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        hidden_BTD = policy.decoder(input_ids=batch.token_ids_BT, use_cache=False).last_hidden_state
    note(hidden_BTD)
    return sum(kept.values())


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
