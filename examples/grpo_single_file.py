"""GRPO in one file, top to bottom: the quickstart without the library of learners.

    python examples/grpo_single_file.py

A policy of 0.15M parameters is made on the spot. Imitation teaches it two ways to answer a chain of arithmetic: worked,
and then mostly at once, which is wrong more often than not. GRPO rewards right answers in the right format, and finds
out that working pays. `agents` does the same with less memory, sooner, for any model; a test holds both to the same
numbers. Taken from there are the tiny policy and the rule that gives each purpose its own seed.

Shapes: B responses, T positions, V vocabulary, P prompts (groups), G responses to each prompt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from torch import Tensor

from agents.policies.tiny import build_tiny_policy
from agents.seeds import derive_seed
from reasonenv.prompts import load_template
from reasonenv.tasksets import load_tasks


@dataclass(frozen=True)
class Settings:
    """The numbers of the quickstart."""

    seed: int = 0
    num_worked_steps: int = 500
    num_terse_steps: int = 150
    num_rl_steps: int = 80
    num_prompts: int = 32
    group_size: int = 8
    max_new_tokens: int = 48
    num_test_tasks: int = 500


# --- 1. The policy: a causal language model, and the log-probabilities of given tokens.


def pad(rows: list[list[int]], fill: int) -> Tensor:
    """Return rows padded on the right, [B, T]."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])


def token_logprobs(model: Any, token_ids_BT: Tensor) -> Tensor:
    """Return log π(token t | tokens < t) at position t, [B, T]; 0 at position 0, which nothing predicts.

    Attention looks to the left only, so padding on the right changes nothing.
    """
    logits_BTV = model(input_ids=token_ids_BT).logits[:, :-1]
    logprobs_BT = logits_BTV.log_softmax(-1).gather(-1, token_ids_BT[:, 1:, None]).squeeze(-1)
    return torch.nn.functional.pad(logprobs_BT, (1, 0))


# --- 2. The optimizer: AdamW, a schedule, and a bound on the gradient.


def learning_rate(peak: float, step: int, num_warmup_steps: int, num_cosine_steps: int | None = None) -> float:
    """Return a linear warm-up to the peak, then the peak, or a cosine that ends at 0 after `num_cosine_steps`."""
    if step < num_warmup_steps:
        return peak * (step + 1) / num_warmup_steps
    if num_cosine_steps is None:
        return peak
    return peak * (1 + math.cos(math.pi * (step - num_warmup_steps) / (num_cosine_steps - num_warmup_steps))) / 2


def make_optimizer(model: Any, beta2: float = 0.999) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), betas=(0.9, beta2), weight_decay=0.0, fused=True)


def descend(model: Any, optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> float:
    """Take one step along the gradient, scaled down to norm 1 if it is longer; return its norm."""
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    return norm.item()


# --- 3. The cold start: imitate worked and terse answers.


def imitate(model: Any, tokenizer: Any, num_steps: int, peak: float, *, is_terse: bool, seed: int) -> None:
    """Minimise the mean of −log π over the tokens of example responses; one in five terse ones is worked as well."""
    tasks, optimizer = load_tasks("chain_arithmetic", split="train"), make_optimizer(model, 0.999 if is_terse else 0.98)
    for step in range(num_steps):
        rng = np.random.default_rng(derive_seed(seed, "examples", step))
        indices, is_worked = rng.integers(len(tasks), size=64), rng.random(64) < (0.2 if is_terse else 1.0)
        rows, masks = [], []
        for index, worked in zip(indices, is_worked, strict=True):
            task = tasks[int(index)]
            thinking = task.solution if worked else "?"
            response = f"<think>{thinking}</think><answer>{task.reference.answer}</answer>"
            prompt_ids = tokenizer.encode(load_template("plain").text(task))
            response_ids = [*tokenizer.encode(response), tokenizer.eos_token_id]
            rows.append(prompt_ids + response_ids)
            masks.append([0] * len(prompt_ids) + [1] * len(response_ids))
        mask_BT = pad(masks, 0)
        loss = -(token_logprobs(model, pad(rows, tokenizer.pad_token_id)) * mask_BT).sum() / mask_BT.sum()
        descend(model, optimizer, loss, learning_rate(peak, step, 10 if is_terse else 50, num_steps))


# --- 4. Sampling.


@torch.no_grad()
def sample(model: Any, tokenizer: Any, prompts: list[list[int]], max_new_tokens: int, seed: int | None) -> Any:
    """Return a response to each prompt and the log-probabilities of its tokens; without a seed, the likeliest tokens.

    A token is drawn by inverting the cumulative distribution at a uniform number of its row and step, so no row depends
    on its neighbours. Prompts are padded on the left, so all rows go on at one position.
    """
    longest = max(map(len, prompts))
    token_ids_BT = torch.tensor([[tokenizer.pad_token_id] * (longest - len(ids)) + ids for ids in prompts])
    mask_BT = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts])
    generator = torch.Generator().manual_seed(seed or 0)
    uniforms_BT = torch.rand((len(prompts), max_new_tokens), dtype=torch.float64, generator=generator)
    cache, responses, logprobs = None, [[] for _ in prompts], [[] for _ in prompts]
    running = set(range(len(prompts)))
    for step in range(max_new_tokens):
        positions_BT = (mask_BT.cumsum(1) - 1).clamp(min=0)[:, -token_ids_BT.shape[1] :]
        output = model(token_ids_BT, mask_BT, positions_BT, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache, probabilities_BV = output.past_key_values, output.logits[:, -1].softmax(-1)
        if seed is None:
            chosen_B1 = probabilities_BV.argmax(-1, keepdim=True)
        else:
            cumulative_BV = probabilities_BV.cumsum(-1, dtype=torch.float64)
            chosen_B1 = torch.searchsorted(cumulative_BV, uniforms_BT[:, [step]] * cumulative_BV[:, -1:], right=True)
        likelihoods_B1 = probabilities_BV.gather(1, chosen_B1)
        for row in sorted(running):
            responses[row].append(int(chosen_B1[row]))
            logprobs[row].append(math.log(likelihoods_B1[row]))
        running -= {row for row in running if responses[row][-1] == tokenizer.eos_token_id}
        if not running:
            break
        token_ids_BT, mask_BT = chosen_B1, torch.nn.functional.pad(mask_BT, (0, 1), value=1)
    return responses, logprobs


# --- 5. Playing: the environment asks, the policy answers, the environment rewards.


class Episodes(NamedTuple):
    """What a batch of episodes leaves behind."""

    prompts: list[list[int]]
    responses: list[list[int]]
    logprobs: list[list[float]]
    """Of the responses' tokens, when they were sampled."""
    rewards_B: Tensor
    is_right: np.ndarray


def make_env(split: str, num_prompts: int, group_size: int) -> Any:
    """Return an environment of P·G rows in which G rows share a task."""
    return gymnasium.make_vec(
        "reasonenv/Math-v0",
        num_envs=num_prompts * group_size,
        group_size=group_size,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.DISABLED,
        tasks="chain_arithmetic",
        split=split,
        template="plain",
    )


def play(model: Any, tokenizer: Any, env: Any, indices: list[int], max_new_tokens: int, seed: int | None) -> Episodes:
    observations, _ = env.reset(options={"task_index": indices})
    prompts = [tokenizer.encode(text) for text in observations]
    responses, logprobs = sample(model, tokenizer, prompts, max_new_tokens, seed)
    texts = [tokenizer.decode(ids[:-1] if ids[-1] == tokenizer.eos_token_id else ids) for ids in responses]
    _, rewards, _, _, infos = env.step(texts)
    rewards_B = torch.tensor(rewards, dtype=torch.float32)
    return Episodes(prompts, responses, logprobs, rewards_B, infos["reward_components"]["accuracy"])


def greedy_accuracy(model: Any, tokenizer: Any, settings: Settings) -> float:
    """Return the share of held-out tasks that the likeliest response solves."""
    env, indices = make_env("test", settings.num_test_tasks, 1), list(range(settings.num_test_tasks))
    return float(play(model, tokenizer, env, indices, settings.max_new_tokens, None).is_right.mean())


# --- 6. GRPO: compare the responses to one prompt, and follow the gradient.


def advantages(rewards_B: Tensor, group_size: int) -> Tensor:
    """A_i = (r_i − mean of its group) / (standard deviation of its group + 10⁻⁴) (Sec. 4.1.2, arXiv 2402.03300)."""
    rewards_PG = rewards_B.view(-1, group_size)
    centred_PG = rewards_PG - rewards_PG.mean(1, keepdim=True)
    return (centred_PG / (rewards_PG.std(1, keepdim=True) + 1e-4)).view(-1)


def grpo_loss(logprobs_BT: Tensor, behavior_logprobs_BT: Tensor, advantages_B: Tensor, mask_BT: Tensor) -> Tensor:
    """−1/B Σ_i 1/|o_i| Σ_t min(ρA, clip(ρ, 0.8, 1.28)A), ρ = π/π_behavior (Eq. 3, arXiv 2402.03300; 2503.14476)."""
    ratio_BT = ((logprobs_BT - behavior_logprobs_BT) * mask_BT).exp()
    gain_BT = torch.minimum(ratio_BT * advantages_B[:, None], ratio_BT.clamp(0.8, 1.28) * advantages_B[:, None])
    return -((gain_BT * mask_BT).sum(1) / mask_BT.sum(1)).mean()


def reinforce(model: Any, tokenizer: Any, settings: Settings) -> list[Episodes]:
    """Sample, score, compare, learn; return what was sampled in each step."""
    env, optimizer, history = make_env("train", settings.num_prompts, settings.group_size), make_optimizer(model), []
    order = np.random.default_rng(derive_seed(settings.seed, "task order", 0)).permutation(len(env.tasks)).tolist()
    for step in range(settings.num_rl_steps):
        indices = order[step * settings.num_prompts : (step + 1) * settings.num_prompts]
        seed = derive_seed(derive_seed(settings.seed, "rollout", step), "turn", 0)
        episodes = play(model, tokenizer, env, indices, settings.max_new_tokens, seed)
        pairs = list(zip(episodes.prompts, episodes.responses, strict=True))
        token_ids_BT = pad([prompt + response for prompt, response in pairs], tokenizer.pad_token_id)
        mask_BT = pad([[0] * len(prompt) + [1] * len(response) for prompt, response in pairs], 0)
        behavior_logprobs_BT = torch.zeros(mask_BT.shape)
        behavior_logprobs_BT[mask_BT.bool()] = torch.tensor([value for row in episodes.logprobs for value in row])
        advantages_B = advantages(episodes.rewards_B, settings.group_size)
        loss = grpo_loss(token_logprobs(model, token_ids_BT), behavior_logprobs_BT, advantages_B, mask_BT)
        norm = descend(model, optimizer, loss, learning_rate(1e-4, step, 10))
        mean_reward, mean_length = episodes.rewards_B.mean().item(), mask_BT.sum().item() / len(mask_BT)
        print(f"step {step}: reward {mean_reward:.3f}, tokens {mean_length:.1f}, gradient {norm:.2f}")
        history.append(episodes)
    return history


def main(settings: Settings = Settings()) -> Any:
    torch.set_num_threads(1)
    model, tokenizer = build_tiny_policy(seed=derive_seed(settings.seed, "policy"))
    for number, (num_steps, peak) in enumerate(
        [(settings.num_worked_steps, 3e-3), (settings.num_terse_steps, 1e-3)], 1
    ):
        seed = derive_seed(settings.seed, "supervised phase", f"cold_start_{number}")
        imitate(model.eval(), tokenizer, num_steps, peak, is_terse=number == 2, seed=seed)
    before = greedy_accuracy(model, tokenizer, settings)
    history = reinforce(model, tokenizer, settings)
    print(f"greedy accuracy on held-out tasks: {before:.3f} -> {greedy_accuracy(model, tokenizer, settings):.3f}")
    return model, history


if __name__ == "__main__":
    main()
