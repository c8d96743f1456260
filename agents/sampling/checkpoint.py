"""A checkpoint as a policy that `python -m reasonenv eval` asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from agents.building import LoadedPolicy, build_engine, load_policy
from agents.building.policies import codec_of
from agents.config import Engine, EnvConfig, PolicyConfig
from agents.policies.precision import DtypeName
from agents.rollout.codec import TextCodec
from agents.rollout.engine import RolloutEngine, SamplingParams
from agents.sampling.hashes import checkpoint_hash
from agents.sampling.responses import SampledResponse, responses_to
from agents.seeds import derive_seed
from reasonenv.counts import check_counts
from reasonenv.evaluation.command.policy import Question, Reply, Sampling

__all__ = ["CheckpointPolicy"]


class CheckpointPolicy:
    """A checkpoint as `python -m reasonenv eval` asks it.

    What an engine draws depends on what it samples together. So a batch always holds the same tasks, whatever was
    answered before: an interrupted evaluation gives the responses of an uninterrupted one.

    Args:
        source: a checkpoint folder or hub name.
        completions: continue the template's text; else the tokenizer's chat template is used, if there is one.
        engine: a name in `agents.rollout.ENGINES`, or what `RolloutConfig.engine` takes.
        device, dtype: as in `PolicyConfig`.
        num_rows: responses that are sampled together, and saved together.

    Raises:
        ConfigError, UnknownNameError: the checkpoint cannot be loaded, or there is no such engine or device.
    """

    def __init__(
        self,
        source: str,
        *,
        completions: bool = False,
        engine: Engine = "decode",
        device: str = "cpu",
        dtype: DtypeName = "float32",
        num_rows: int = 64,
    ) -> None:
        check_counts(num_rows=num_rows)
        self._config = PolicyConfig(path=source, device=device, dtype=dtype)
        has_template = codec_of(self._config, EnvConfig()).tokenizer.chat_template is not None
        self._env = EnvConfig(use_chat_template=has_template and not completions)
        self._engine, self._num_rows, self._source = engine, num_rows, source

    @cached_property
    def _policy(self) -> LoadedPolicy:
        return load_policy(self._config, self._env, seed=0, is_trained=False)

    @property
    def codec(self) -> TextCodec:
        """The tokenizer, and in which form it is asked."""
        return self._policy.codec

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """Return what tells this policy from others; the weights by their hash."""
        return {
            "checkpoint": self._source,
            "hash": checkpoint_hash(self._source),
            "form": "chat" if self._env.use_chat_template else "text",
            "engine": str(self._engine),
            "device": self._config.device,
            "dtype": self._config.dtype,
            "num_rows": self._num_rows,
        }

    def respond(
        self,
        questions: Sequence[Question],
        is_wanted: Callable[[Question], bool],
        sampling: Sampling,
        keep: Callable[[Question, Reply], None],
    ) -> None:
        """Sample batch after batch; those of which everything is there already are passed over."""
        engine = build_engine(self._policy, self._engine)
        try:
            for batch in _batches(questions, self._num_rows):
                if any(is_wanted(question) for group in batch for question in group):
                    self._respond(engine, batch, is_wanted, sampling, keep)
        finally:
            engine.close()

    def _respond(
        self,
        engine: RolloutEngine,
        batch: Sequence[Sequence[Question]],
        is_wanted: Callable[[Question], bool],
        sampling: Sampling,
        keep: Callable[[Question, Reply], None],
    ) -> None:
        params = SamplingParams(
            max_new_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=derive_seed(sampling.seed, "evaluation", batch[0][0].task.task_id),
        )
        prompts = [(group[0].text, group[0].messages) for group in batch]
        groups = responses_to(self._policy, engine, prompts, params, len(batch[0]))
        for asked, responses in zip(batch, groups, strict=True):
            for question, response in zip(asked, responses, strict=True):
                if is_wanted(question):
                    keep(question, _reply(response))


def _reply(response: SampledResponse) -> Reply:
    completion = response.completion
    return Reply(text=response.text, finish_reason=completion.finish_reason, response_tokens=len(completion.token_ids))


def _batches(questions: Sequence[Question], num_rows: int) -> list[list[list[Question]]]:
    """Return the questions of each task together, and tasks in batches of about `num_rows` questions."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.task.task_id, []).append(question)
    ordered = list(groups.values())
    size = max(1, num_rows // len(ordered[0])) if ordered else 1
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]
