"""Which architectures of `AutoModelForCausalLM` can be trained, and by which engine are they sampled from?

    cd benchmarks && python -m architectures --help

Every type of text decoder is built tiny, with random weights (`configurations.py`), in a process of its
own. Truth is the model's own forward pass over each row alone, without padding. Four numbers are compared with it:
log-probabilities of `HFPolicy` on right-padded rows with an environment turn in between; what each engine says of the
tokens that it sampled from prompts of different lengths; the gradient of a loss, relative to autograd through full
logits; and the load-balancing loss, beside the model's own. A type is refused where a sentence of ours says why it
cannot be trained; anything else that is raised is an error of ours.
B rows, T token positions.
"""

from __future__ import annotations

import json
import logging
import math
import multiprocessing
import resource
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import tyro
from architectures.configurations import VOCABULARY_SIZE, text_decoders, tiny_model
from machine import describe_machine
from torch import Tensor
from torch.nn.functional import pad

from agents.policies.hf import HFPolicy
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import EngineFactory, SamplingParams
from agents.rollout.hf import HFGenerateEngine
from agents.types import LossOutput, PolicyOutputs
from reasonenv.errors import ReasonEnvError

RESULTS = Path(__file__).parents[1] / "results" / "architectures.json"
LOGPROB_TOLERANCE, GRADIENT_TOLERANCE, LOSS_TOLERANCE = 1e-4, 1e-5, 1e-5
"""In nats; as a share of the gradient's norm; of the load-balancing loss."""
CHECKS = ("logprobs", "hf", "decode", "gradient", "balancing")
TEMPERATURE = 0.9
_PROMPT_LENGTHS, _LENGTHS = (5, 5, 5, 9, 9, 9), (17, 12, 9, 20, 15, 13)
_MEMORY_BYTES = 9 << 30

Result = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line."""

    types: tuple[str, ...] = ()
    """Model types; all text decoders unless given."""
    timeout_seconds: float = 300.0
    """Of one type."""
    out: Path = RESULTS


@dataclass(frozen=True)
class Rows:
    """Two groups of three rows; the second row has an environment turn."""

    token_ids_BT: Tensor
    attention_mask_BT: Tensor
    loss_mask_BT: Tensor

    @classmethod
    def drawn(cls) -> Rows:
        """Draw the rows; those of a group share their prompt."""
        generator = torch.Generator().manual_seed(1)
        shape = (len(_LENGTHS), max(_LENGTHS))
        token_ids_BT = torch.randint(3, VOCABULARY_SIZE, shape, generator=generator)
        for row, length in enumerate(_PROMPT_LENGTHS):
            token_ids_BT[row, :length] = token_ids_BT[row // 3 * 3, :length]
        places_T = torch.arange(shape[1])
        attention_mask_BT = (places_T < torch.tensor(_LENGTHS)[:, None]).long()
        loss_mask_BT = attention_mask_BT.float() * (places_T >= torch.tensor(_PROMPT_LENGTHS)[:, None])
        loss_mask_BT[1, 8:10] = 0
        return cls(token_ids_BT * attention_mask_BT, attention_mask_BT, loss_mask_BT)


def alone(model: Any, rows: Sequence[Sequence[int]], temperature: float) -> list[Tensor]:
    """Return the log-probability of every token but the first of each row, from a forward pass of its own."""
    logprobs: list[Tensor] = []
    for row in rows:
        token_ids_1T = torch.tensor([list(row)])
        logits_TV = model(input_ids=token_ids_1T, use_cache=False).logits[0, :-1].float() / temperature
        logprobs.append(logits_TV.log_softmax(-1).gather(1, token_ids_1T[0, 1:, None])[:, 0])
    return logprobs


def true_logprobs(model: Any, rows: Rows, temperature: float = 1.0) -> Tensor:
    """Return the model's own log-probabilities of the sampled tokens."""
    num_columns = rows.token_ids_BT.shape[1]
    unpadded = [row[:length].tolist() for row, length in zip(rows.token_ids_BT, _LENGTHS, strict=True)]
    padded = [pad(values, (1, num_columns - 1 - len(values))) for values in alone(model, unpadded, temperature)]
    return torch.stack(padded) * rows.loss_mask_BT


@torch.no_grad()
def logprobs(model: Any, rows: Rows) -> float:
    """Return the largest difference of a log-probability of the policy."""
    found = HFPolicy(model)(
        rows.token_ids_BT, rows.attention_mask_BT, rows.loss_mask_BT, temperature=TEMPERATURE
    ).logprobs_BT
    return (found - true_logprobs(model, rows, TEMPERATURE)).abs().max().item()


def engine_logprobs(factory: EngineFactory) -> Callable[[Any, Rows], float]:
    """Return the check of an engine: the largest difference of what it says of its tokens."""

    def check(model: Any, rows: Rows) -> float:
        engine = factory(model, pad_token_id=0)
        prompts = [tuple(rows.token_ids_BT[row, :length].tolist()) for row, length in ((0, 5), (3, 9), (5, 13))]
        params = SamplingParams(max_new_tokens=12, temperature=TEMPERATURE, seed=3)
        groups = engine.generate([*prompts, (5, 7)], params, num_samples=2)
        worst = 0.0
        with torch.no_grad():
            for prompt, group in zip([*prompts, (5, 7)], groups, strict=True):
                for completion in group:
                    (true,) = alone(model, [[*prompt, *completion.token_ids]], TEMPERATURE)
                    found = torch.tensor(completion.logprobs)
                    worst = max(worst, (found - true[len(prompt) - 1 :]).abs().max().item())
        return worst

    return check


def gradient(model: Any, rows: Rows) -> float:
    """Return the relative difference of the gradient of a loss without load balancing."""
    weights_BT = torch.randn(rows.loss_mask_BT.shape, generator=torch.Generator().manual_seed(2)) * rows.loss_mask_BT

    def loss_of_rows(outputs: PolicyOutputs, which: slice) -> LossOutput:
        return LossOutput(loss=(outputs.logprobs_BT * weights_BT[which]).sum(), metrics={})

    policy = HFPolicy(model, auxiliary_coef=0.0)
    policy.loss(rows.token_ids_BT, rows.attention_mask_BT, rows.loss_mask_BT, loss_of_rows)[0].loss.backward()
    ours = gradient_of(model)
    (true_logprobs(model, rows) * weights_BT).sum().backward()
    true = gradient_of(model)
    return ((ours - true).norm() / true.norm()).item()


def gradient_of(model: Any) -> Tensor:
    """Return all gradients in one vector, and remove them."""
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters() if p.requires_grad]
    model.zero_grad(set_to_none=True)
    return torch.cat([gradient.flatten() for gradient in gradients])


@torch.no_grad()
def balancing(model: Any, rows: Rows) -> float | None:
    """Return the difference of the weighted load-balancing loss from the model's own; None where both have none."""
    policy = HFPolicy(model)
    shown: dict[str, Any] = {"input_ids": rows.token_ids_BT, "attention_mask": rows.attention_mask_BT}
    labels = rows.token_ids_BT.masked_fill(rows.attention_mask_BT == 0, -100)
    _, ours = policy.loss(
        rows.token_ids_BT,
        rows.attention_mask_BT,
        rows.loss_mask_BT,
        lambda outputs, _: LossOutput(loss=outputs.logprobs_BT.sum(), metrics={}),
    )
    if not policy.auxiliary_coef:
        decoded = policy.decoder(**shown, use_cache=False, output_router_logits=True)
        has_own = bool(decoded.get("router_logits")) and isinstance(
            model(**shown, labels=labels, output_router_logits=True).get("aux_loss"), Tensor
        )
        return math.inf if has_own else None
    own = model(**shown, labels=labels, output_router_logits=True).loss - model(**shown, labels=labels).loss
    assert ours is not None
    return (ours - own).abs().item()


def measured(model_type: str) -> Result:
    """Return the number, the refusal or the error of every check."""
    try:
        model = tiny_model(model_type)
    except Exception as error:  # noqa: BLE001
        return {"not_built": _named(error)}
    checks: Mapping[str, Callable[[Any, Rows], float | None]] = {
        "logprobs": logprobs,
        "hf": engine_logprobs(HFGenerateEngine),
        "decode": engine_logprobs(DecodeEngine),
        "gradient": gradient,
        "balancing": balancing,
    }
    result: Result = {"class": type(model).__name__}
    for name, check in checks.items():
        try:
            result[name] = check(model, Rows.drawn())
        except ReasonEnvError as error:
            result[name] = {"refused": str(error)}
        except Exception as error:  # noqa: BLE001
            result[name] = {"error": _named(error)}
    return result


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _work(model_type: str, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    pipe.send(measured(model_type))


def in_process(model_type: str, timeout_seconds: float) -> Result:
    """Measure a type in a process of its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(model_type, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout_seconds):
            return {check: {"error": f"no answer within {timeout_seconds:g} seconds"} for check in CHECKS}
        return receiver.recv()
    except EOFError:
        return {check: {"error": "the process died"} for check in CHECKS}
    finally:
        process.kill()
        process.join()


def is_green(check: str, value: object) -> bool:
    """Return whether a number is within its tolerance."""
    tolerance = {"gradient": GRADIENT_TOLERANCE, "balancing": LOSS_TOLERANCE}.get(check, LOGPROB_TOLERANCE)
    return isinstance(value, float) and value <= tolerance


def shown(value: object) -> str:
    """Return a cell of the table."""
    if isinstance(value, Mapping):
        return " ".join(str(word) for word in value)
    return f"{value:.0e}" if isinstance(value, float) else "–"


def counts(results: Mapping[str, Result]) -> dict[str, int]:
    """Return how many types are green, refused, different or in error."""
    built = [result for result in results.values() if "not_built" not in result]
    counted = {"types": len(results), "built": len(built)}
    for check in CHECKS:
        values = [result[check] for result in built]
        counted[check] = sum(is_green(check, value) for value in values)
        for word in ("refused", "error"):
            counted[f"{check}_{word}"] = sum(isinstance(value, Mapping) and word in value for value in values)
        counted[f"{check}_different"] = sum(isinstance(v, float) and not is_green(check, v) for v in values)
    trained = ("logprobs", "hf", "gradient")
    counted["logprobs, hf and gradient"] = sum(all(is_green(c, result[c]) for c in trained) for result in built)
    return counted


def main(arguments: Arguments) -> None:
    """Measure every type, print the table and write the numbers."""
    torch.set_num_threads(1)
    results: dict[str, Result] = {}
    print("| type | " + " | ".join(CHECKS) + " |\n|---|" + "---|" * len(CHECKS))
    for model_type in arguments.types or text_decoders():
        result = results[model_type] = in_process(model_type, arguments.timeout_seconds)
        cells = [result["not_built"]] if "not_built" in result else [shown(result[check]) for check in CHECKS]
        print(f"| {model_type} | " + " | ".join(cells) + " |", flush=True)
    print("\n" + "\n".join(f"{name}: {count}" for name, count in counts(results).items()))
    report = {"machine": describe_machine(), "counts": counts(results), "types": results}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
