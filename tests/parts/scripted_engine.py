"""A rollout engine that says what it is told to, and keeps what it was asked: it forces responses in the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from agents.policies.tiny import build_tiny_tokenizer
from agents.rollout.codec import TextCodec
from agents.rollout.engine import Completion, SamplingParams
from agents.types import TokenIds

CODEC = TextCodec(build_tiny_tokenizer())
EOS = (CODEC.eos_token_id,)


def said(*texts: str) -> list[TokenIds]:
    """Finished responses."""
    return [(*CODEC.encode(text), *EOS) for text in texts]


def spelled(text: str) -> TokenIds:
    """Token ids, one a character, that decode to a text which the tokenizer would encode in another way."""
    return tuple(token for character in text for token in CODEC.encode(character))


@dataclass
class ScriptedEngine:
    """Call k of `generate` answers with the completions of `script[k]`, in the order of rows."""

    script: list[list[TokenIds]]
    weights_version: int = 0
    calls: list[tuple[list[TokenIds], SamplingParams, int]] = field(default_factory=list)

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        responses = self.script[len(self.calls)]
        self.calls.append((list(prompts), params, num_samples))
        assert len(responses) == len(prompts) * num_samples
        completions = [self._completion(token_ids, params) for token_ids in responses]
        return [completions[start : start + num_samples] for start in range(0, len(completions), num_samples)]

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        self.weights_version = version

    def close(self) -> None:
        pass

    def _completion(self, token_ids: TokenIds, params: SamplingParams) -> Completion:
        return Completion(
            token_ids=token_ids,
            logprobs=tuple(-(position + 1) / 8 for position in range(len(token_ids))),
            finish_reason="stop" if token_ids[-1] in params.stop_token_ids else "length",
            weights_version=self.weights_version,
        )
