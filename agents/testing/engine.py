"""What every learner relies on in a rollout engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import torch

from agents.policies.tiny import build_tiny_policy
from agents.rollout.codec import TextCodec
from agents.rollout.engine import Completion, EngineFactory, RolloutEngine, SamplingParams
from agents.testing.expectations import expect, one_thread, working
from agents.types import TokenIds

__all__ = ["check_engine"]

_TEXTS = ("2+3=?", "1=?", "Compute left to right, modulo 10: 8+6+5=?")
_PARAMS = SamplingParams(max_new_tokens=12, seed=1)
_TOLERANCE = 2e-3
"""Of a log-probability in float32."""


@one_thread()
def check_engine(factory: EngineFactory) -> None:
    """Check that an engine samples what it was asked for, and tells the log-probabilities of what it sampled.

    Args:
        factory: makes the engine of (model, pad_token_id), as a row of `ENGINES` does.

    Raises:
        AssertionError: which rule is broken.
    """
    model, tokenizer = build_tiny_policy(seed=0)
    pad_token_id = TextCodec(tokenizer).pad_token_id
    model.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    prompts = [tuple(tokenizer.encode(text)) for text in _TEXTS]
    with working("the factory called with (model, pad_token_id=…)"):
        engine = factory(model, pad_token_id=pad_token_id)
    checked = _Checked(engine, model, prompts, vocabulary=len(tokenizer))
    checked.check_requests()
    checked.check_seed()
    checked.check_stop()
    checked.check_logprobs()
    checked.check_greedy()
    checked.check_nucleus()
    checked.check_distribution()
    is_unchanged = all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    expect(is_unchanged and not model.training, "the engine must leave the model's weights and its mode as they were")
    checked.check_weights()
    with working("close, called twice"):
        engine.close()
        engine.close()


@dataclass(frozen=True)
class _Checked:
    engine: RolloutEngine
    model: Any
    prompts: list[TokenIds]
    vocabulary: int

    def generate(
        self, params: SamplingParams, *, num_samples: int = 1, prompts: Sequence[TokenIds] | None = None
    ) -> list[list[Completion]]:
        """Ask the engine, and check the form of what it returns."""
        prompts = self.prompts if prompts is None else prompts
        with working(f"generate with {params}"):
            groups = self.engine.generate(prompts, params, num_samples=num_samples)
        sizes = [len(group) for group in groups]
        wanted = [num_samples] * len(prompts)
        expect(sizes == wanted, f"generate must return result[prompt][sample] of sizes {wanted}, got {sizes}")
        for completion in chain(*groups):
            self._check_completion(completion, params)
        return groups

    def _check_completion(self, completion: Completion, params: SamplingParams) -> None:
        expect(isinstance(completion, Completion), f"generate must give Completions, got {type(completion).__name__}")
        tokens, stops = completion.token_ids, params.stop_token_ids
        is_known = all(isinstance(token, int) and 0 <= token < self.vocabulary for token in tokens)
        expect(is_known, f"token_ids must be ints of the vocabulary, got {tokens}")
        expect(len(tokens) > 0, "a completion must have at least one token, got none")
        limit = params.max_new_tokens
        expect(len(tokens) <= limit, f"max_new_tokens={limit} must not be exceeded, got {len(tokens)} tokens")
        expect(
            len(completion.logprobs) == len(tokens),
            f"there must be one log-probability per token, got {len(completion.logprobs)} for {len(tokens)} tokens",
        )
        is_probability = all(math.isfinite(value) and value <= _TOLERANCE for value in completion.logprobs)
        expect(is_probability, f"log-probabilities must be finite and at most 0, got {completion.logprobs}")
        at = next((index for index, token in enumerate(tokens) if token in stops), None)
        expect(
            at is None or at == len(tokens) - 1,
            f"generation must end with the first stop token of {stops}, which stays in the completion; got {tokens}",
        )
        reason = "length" if at is None else "stop"
        expect(
            completion.finish_reason == reason and (at is not None or len(tokens) == limit),
            f"a completion ends by a stop token ('stop') or at max_new_tokens={limit} ('length'); got {tokens} with "
            f"{completion.finish_reason!r} and stop tokens {stops}",
        )
        version = self.engine.weights_version
        expect(
            completion.weights_version == version,
            f"completions must carry weights_version={version}, got {completion.weights_version}",
        )

    def check_requests(self) -> None:
        """Check the shapes of requests, and that samples of one prompt differ."""
        expect(self.generate(_PARAMS, prompts=[]) == [], "no prompts must give no completions")
        groups = self.generate(_PARAMS, num_samples=4)
        for prompt, group in zip(_TEXTS, groups, strict=True):
            num_different = len({completion.token_ids for completion in group})
            expect(
                num_different > 1, f"samples of one prompt must be drawn independently; all 4 of {prompt!r} are equal"
            )
        self.generate(replace(_PARAMS, max_new_tokens=1), num_samples=2)

    def check_seed(self) -> None:
        """Check that the seed alone decides, and that nothing global is touched."""
        first = self.generate(_PARAMS, num_samples=2)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1234)
            state = torch.get_rng_state()
            again = self.generate(_PARAMS, num_samples=2)
            is_untouched = torch.equal(state, torch.get_rng_state())
        expect(is_untouched, "generate must leave torch's global generator as it was")
        expect(first == again, "the same seed must give the same completions, whatever was drawn before")
        other = self.generate(replace(_PARAMS, seed=2), num_samples=2)
        expect(first != other, "another seed must give other completions; is params.seed ignored?")

    def check_stop(self) -> None:
        """Check that every one of several stop tokens ends a completion, on tokens that are known to be drawn."""
        stops = tuple(sorted({c.token_ids[-1] for c in chain(*self.generate(_PARAMS, num_samples=8))}))
        reasons = {
            c.finish_reason for c in chain(*self.generate(replace(_PARAMS, stop_token_ids=stops), num_samples=8))
        }
        expect("stop" in reasons, f"a drawn stop token must end the completion; none of {len(stops)} ever did")

    def check_logprobs(self) -> None:
        """Check that log-probabilities are those of the sampled tokens at the sampler's temperature."""
        for temperature in (1.0, 0.5):
            groups = self.generate(replace(_PARAMS, temperature=temperature), num_samples=2)
            for prompt, group in zip(self.prompts, groups, strict=True):
                for completion in group:
                    self._check_logprobs(self.model, prompt, completion, temperature)

    def _check_logprobs(self, model: Any, prompt: TokenIds, completion: Completion, temperature: float) -> None:
        logits_TV = _logits(model, prompt, completion.token_ids) / temperature
        tokens_T = torch.tensor(completion.token_ids)
        wanted_T = logits_TV.log_softmax(-1).gather(1, tokens_T[:, None])[:, 0]
        error = (wanted_T - torch.tensor(completion.logprobs)).abs().max().item()
        expect(
            error < _TOLERANCE,
            f"log-probabilities must be the policy's own of the sampled tokens at temperature {temperature}, "
            f"{[round(value, 3) for value in wanted_T.tolist()]}; got "
            f"{[round(value, 3) for value in completion.logprobs]} (shifted, of other weights, or of padded prompts?)",
        )

    def check_greedy(self) -> None:
        """Check that temperature 0 takes the likeliest token, with its log-probability at temperature 1."""
        groups = self.generate(replace(_PARAMS, temperature=0.0))
        for prompt, (completion,) in zip(self.prompts, groups, strict=True):
            logits_TV = _logits(self.model, prompt, completion.token_ids)
            chosen_T = logits_TV.gather(1, torch.tensor(completion.token_ids)[:, None])[:, 0]
            worst = (logits_TV.max(-1).values - chosen_T).max().item()
            expect(worst < _TOLERANCE, f"temperature 0 must take the likeliest token; one was {worst:g} below it")
            self._check_logprobs(self.model, prompt, completion, 1.0)

    def check_nucleus(self) -> None:
        """Check that no token outside the nucleus is drawn, and that its log-probability is that before truncation."""
        params = replace(_PARAMS, top_p=0.2, temperature=0.7)
        for prompt, group in zip(self.prompts, self.generate(params, num_samples=4), strict=True):
            for completion in group:
                probabilities_TV = (_logits(self.model, prompt, completion.token_ids) / 0.7).softmax(-1)
                own_T1 = probabilities_TV.gather(1, torch.tensor(completion.token_ids)[:, None])
                likelier = torch.where(probabilities_TV > own_T1, probabilities_TV, 0.0).sum(-1).max().item()
                expect(
                    likelier < 0.2 + _TOLERANCE, f"top_p=0.2: a token was drawn with {likelier:.2f} of mass above it"
                )
                self._check_logprobs(self.model, prompt, completion, 0.7)

    def check_distribution(self) -> None:
        """Check that tokens follow their probabilities, by the mean of the log-probability (5 standard errors)."""
        for temperature in (1.0, 0.3):
            params = replace(_PARAMS, max_new_tokens=1, temperature=temperature)
            (group,) = self.generate(params, num_samples=400, prompts=self.prompts[:1])
            logprobs_V = (_logits(self.model, self.prompts[0], (0,))[0] / temperature).log_softmax(-1)
            mean = (logprobs_V.exp() * logprobs_V).sum().item()
            variance = (logprobs_V.exp() * (logprobs_V - mean) ** 2).sum().item()
            found = math.fsum(completion.logprobs[0] for completion in group) / len(group)
            bound = 5 * math.sqrt(variance / len(group)) + _TOLERANCE
            expect(
                abs(found - mean) < bound,
                f"tokens must be drawn at temperature {temperature}: their mean log-probability must be {mean:.3f} ± "
                f"{bound:.3f}, got {found:.3f}",
            )

    def check_weights(self) -> None:
        """Check that new weights are sampled from once they are loaded, and that completions say so."""
        other, _ = build_tiny_policy(seed=1)
        with working("load_weights"):
            self.engine.load_weights(other.named_parameters(), version=7)
        version = self.engine.weights_version
        expect(version == 7, f"load_weights(…, version=7) must set weights_version, got {version}")
        for prompt, (completion,) in zip(self.prompts, self.generate(_PARAMS), strict=True):
            self._check_logprobs(other.eval(), prompt, completion, 1.0)


def _logits(model: Any, prompt: TokenIds, token_ids: TokenIds) -> torch.Tensor:
    """Return [T, V]: what the model says of each token of a completion, from one forward pass without padding."""
    with torch.no_grad():
        logits_TV = model(torch.tensor([[*prompt, *token_ids]])).logits[0].float()
    return logits_TV[len(prompt) - 1 : -1]
