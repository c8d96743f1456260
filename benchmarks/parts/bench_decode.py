"""How fast does each engine sample from the tiny policy, and how does the decode engine compare with `generate`?

16 prompts × 8 samples × at most 48 new tokens at temperature 1. In the comparison the rounds of both are interleaved,
so that whatever else the machine does slows both, and `generate` runs bare: it neither keeps logits nor takes
log-probabilities, while the decode engine does. The untrained policy hardly ever ends a response, which leaves the
decode engine no row to drop; with more stop tokens responses end after about 24 tokens, as those of a trained one do.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
import torch

from agents.policies.tiny import build_tiny_policy
from agents.rollout import ENGINES
from agents.rollout.engine import RolloutEngine, SamplingParams
from agents.types import TokenIds
from reasonenv.tables import resolve
from reasonenv.tasksets import load_tasks

NUM_PROMPTS, GROUP_SIZE, NEW_TOKENS = 16, 8, 48
ROUNDS = 15
STOPS = {"full_length": (1,), "stopping": (1, *range(50, 58))}


def build(name: str):
    """Model, prompts and the engine of this name."""
    model, tokenizer = build_tiny_policy(seed=0)
    tasks = load_tasks("chain_arithmetic")
    prompts = [tuple(tokenizer.encode(tasks[index].prompt)) for index in range(NUM_PROMPTS)]
    return model.eval(), prompts, resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)


def engine_tokens(engine: RolloutEngine, prompts: list[TokenIds], stops: TokenIds) -> int:
    params = SamplingParams(max_new_tokens=NEW_TOKENS, stop_token_ids=stops)
    groups = engine.generate(prompts, params, num_samples=GROUP_SIZE)
    return sum(len(completion.token_ids) for group in groups for completion in group)


def bare_hf_tokens(model, prompts: list[TokenIds], stops: TokenIds) -> int:
    """Tokens up to and including the first stop token of each row."""
    longest, pad = max(map(len, prompts)), model.config.pad_token_id
    ids = torch.tensor([[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    options = {"max_new_tokens": NEW_TOKENS, "num_return_sequences": GROUP_SIZE, "do_sample": True, "top_k": 0}
    output = model.generate(ids, attention_mask=(ids != pad).long(), eos_token_id=list(stops), **options)
    is_stop = torch.isin(output[:, longest:], torch.tensor(stops)).long()
    return int((is_stop.cumsum(dim=1) - is_stop == 0).sum())


def tokens_per_second(generate: Callable[[], int]) -> float:
    start = time.perf_counter()
    num_tokens = generate()
    return num_tokens / (time.perf_counter() - start)


@pytest.mark.parametrize("name", ENGINES)
def test_generate(benchmark, name: str) -> None:
    _, prompts, engine = build(name)
    num_tokens = benchmark(engine_tokens, engine, prompts, STOPS["full_length"])
    benchmark.extra_info["tokens_per_second"] = round(num_tokens / benchmark.stats.stats.median)


@pytest.mark.parametrize("stops", STOPS)
def test_decode_engine_beside_bare_hf_generate(benchmark, stops: str) -> None:
    model, prompts, engine = build("decode")
    rates: dict[str, list[float]] = {"hf": [], "decode": []}

    def one_round() -> None:
        rates["hf"].append(tokens_per_second(lambda: bare_hf_tokens(model, prompts, STOPS[stops])))
        rates["decode"].append(tokens_per_second(lambda: engine_tokens(engine, prompts, STOPS[stops])))

    benchmark.pedantic(one_round, rounds=ROUNDS, warmup_rounds=1)
    hf, decode = (statistics.median(rates[name][1:]) for name in ("hf", "decode"))
    benchmark.extra_info |= {"hf_tokens_per_second": round(hf), "decode_tokens_per_second": round(decode)}
    benchmark.extra_info["ratio"] = round(decode / hf, 2)
    print(f"\n{stops}: decode engine {decode:,.0f} tok/s, HF generate {hf:,.0f} tok/s, ratio {decode / hf:.2f}")
