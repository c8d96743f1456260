"""A task set, a reward, a template, a turn, an environment, an algorithm and an engine outside the package.

docs/extending.md explains them one by one, with the commands that train on them. Nothing has to be registered, but for
the environment's id: "own_parts:additions" goes wherever the name of a task set goes, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import torch
from torch import Tensor

from agents.algorithms import Need
from agents.losses import token_mean
from agents.rollout.engine import Completion, LiveWeights, SamplingParams
from agents.types import LossOutput, PolicyOutputs, TokenBatch, TokenIds
from reasonenv import Attempt, MathReference, PromptTemplate, Task, TaskSet, rule
from reasonenv.errors import UnknownNameError
from reasonenv.tasksets import TaskList


def additions(split: str) -> TaskSet:
    """Return sums of two digits: every fifth pair is a test problem, so train and test share none."""
    if split not in ("train", "test"):
        raise UnknownNameError("split", split, ("train", "test"))
    pairs = [divmod(number, 10) for number in range(100) if (number % 5 == 0) == (split == "test")]
    return TaskList("additions", split, tuple(_addition(split, a, b) for a, b in pairs))


def _addition(split: str, a: int, b: int) -> Task[MathReference]:
    return Task(
        task_id=f"additions/{split}/{a}+{b}",
        prompt=f"{a}+{b}=?",
        reference=MathReference(answer=str(a + b)),
        solution=f"{a}+{b}={a + b}",
        metadata={"domain": "additions"},
    )


@rule("brevity")
def brevity(task: Task[Any], response: str) -> float:
    """Return 1 for a response of nothing, falling to 0 at 200 characters."""
    del task
    return max(0.0, 1 - len(response) / 200)


ask = PromptTemplate(
    name="ask",
    version=0,
    text_template="Question: {prompt} Response:",
    message_templates=({"role": "user", "content": "{prompt}"},),
)


def once_more(attempt: Attempt) -> str | None:
    """Ask for a second response, then end the episode; the reward looks at the last one."""
    num_responses = sum(message["role"] == "assistant" for message in attempt.messages)
    return "\nAre you sure? Response:" if num_responses < 2 else None


if "own_parts/Additions-v0" not in gymnasium.registry:
    gymnasium.register(
        "own_parts/Additions-v0",
        entry_point="reasonenv:TextEnv",
        vector_entry_point="reasonenv:TextVectorEnv",
        kwargs={
            "tasks": "own_parts:additions",
            "reward": {"accuracy": 1.0, "format": 0.5, "own_parts:brevity": 0.1},
            "template": "own_parts:ask",
            "turn": "own_parts:once_more",
            "max_turns": 2,
        },
        order_enforce=False,  # TextEnv does it
        disable_env_checker=True,  # it warns of NaN, which is the reward where a grader failed
    )


@dataclass(frozen=True, kw_only=True)
class Reinforce:
    """REINFORCE with the mean reward of the batch as baseline: −(R − mean R) · log π, averaged over tokens."""

    scale: float = 1.0

    @property
    def needs(self) -> frozenset[Need]:
        """Return what the learner must fill in: no reference policy, no critic."""
        return frozenset()

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        """Give every sampled token the advantage of its row."""
        advantages_B = self.scale * (batch.rewards_B - batch.rewards_B.mean())
        return replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        """Return the rows that can have a gradient."""
        assert batch.advantages_BT is not None
        return (batch.advantages_BT != 0).any(1)

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        """Return the loss of a microbatch: divided by the totals of the whole minibatch, so that parts add up."""
        assert batch.advantages_BT is not None
        losses_BT = -batch.advantages_BT * outputs.logprobs_BT
        loss = token_mean(losses_BT, batch.loss_mask_BT, batch.totals)
        return LossOutput(loss=loss, metrics={"policy_loss": loss.detach()})


class PlainEngine:
    """Sample one token after the other, each from a whole forward pass: slow, and all there is to an engine."""

    def __init__(self, model: Any, *, pad_token_id: int) -> None:
        del pad_token_id  # no two sequences are in one batch
        self.model = model
        self.weights_version = 0

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        """Return `num_samples` completions for each prompt."""
        generator = torch.Generator().manual_seed(params.seed)
        with torch.inference_mode():
            return [[self._sample(prompt, params, generator) for _ in range(num_samples)] for prompt in prompts]

    def _sample(self, prompt: TokenIds, params: SamplingParams, generator: torch.Generator) -> Completion:
        token_ids, logprobs = list[int](), list[float]()
        while len(token_ids) < params.max_new_tokens:
            context = torch.tensor([[*prompt, *token_ids]], device=self.model.device)
            logits_V = self.model(context).logits[0, -1].float().cpu()
            logprobs_V = torch.log_softmax(logits_V / (params.temperature or 1.0), dim=-1)
            token = _greedy(logprobs_V) if params.temperature == 0 else _drawn(logprobs_V, params.top_p, generator)
            token_ids.append(token)
            logprobs.append(float(logprobs_V[token]))
            if token in params.stop_token_ids:
                return self._completion(token_ids, logprobs, is_stopped=True)
        return self._completion(token_ids, logprobs, is_stopped=False)

    def _completion(self, token_ids: list[int], logprobs: list[float], *, is_stopped: bool) -> Completion:
        return Completion(
            token_ids=tuple(token_ids),
            logprobs=tuple(logprobs),
            finish_reason="stop" if is_stopped else "length",
            weights_version=self.weights_version,
        )

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        """Take weights; those of the learner's own module are in place already."""
        is_shared = isinstance(named_tensors, LiveWeights) and named_tensors.module is self.model
        own = self.model.state_dict()
        with torch.no_grad():
            for name, tensor in () if is_shared else named_tensors:
                own[name].copy_(tensor)
        self.weights_version = version

    def close(self) -> None:
        """Free nothing."""


def _greedy(logprobs_V: Tensor) -> int:
    return int(logprobs_V.argmax())


def _drawn(logprobs_V: Tensor, top_p: float, generator: torch.Generator) -> int:
    """Draw from the most probable tokens that reach `top_p` together."""
    ordered_V, tokens_V = logprobs_V.exp().sort(descending=True)
    kept_V = ordered_V * (ordered_V.cumsum(0) - ordered_V < top_p)
    return int(tokens_V[torch.multinomial(kept_V, 1, generator=generator)])
