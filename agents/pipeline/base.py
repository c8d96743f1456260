"""The base model of the tiny world: pre-trained on its pages, checked, and kept under a hash of all it depends on.

The skill to work problems out comes as a jump, some hundred steps after the form is learned, and the loss hardly shows
it. That is why a base is judged by how often its own workings are right, and why its first pages are lessons until they
are, with few choices: with many from the start it never learned to compute.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

import reasonenv.tasksets.tiny_world as tiny_world
from agents.errors import PolicyError, check_at_least
from agents.pipeline import pretraining
from agents.pipeline.pretraining import PretrainingPhase, pretrain
from agents.policies import tiny
from agents.policies.tiny import Architecture, build_tiny_policy, build_tiny_tokenizer
from agents.rollout.codec import TextCodec
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.seeds import derive_seed
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.tasksets.tiny_world import WebConfig, tiny_reasoning, tokenizer_phrases
from reasonenv.tasksets.tiny_world.wording import CAREFULLY, LANGUAGES, WORDS
from reasonenv.types import Attempt, Task

__all__ = ["BASE", "LLAMA_STUDENT_BASE", "STUDENT_BASE", "BaseConfig", "PretrainingPhase", "pretrained_base"]

_FIGURES_FILE = "pretraining.json"
_CHECKED_TASKS, _CHECKED_SAMPLES, _CHECKED_TOKENS = 24, 4, 160
"""Of each kind in each language, how many problems, how often, and how many tokens a response may have."""


@dataclass(frozen=True, kw_only=True)
class BaseConfig:
    """What a base model is, and what it learns from."""

    architecture: Architecture = "qwen3"
    hidden_size: int = 64
    num_layers: int = 3
    num_heads: int = 4
    head_dim: int = 16
    intermediate_size: int = 256
    phases: tuple[PretrainingPhase, ...] = (
        PretrainingPhase(
            num_steps=400,
            learning_rate=4e-3,
            choice_share=0.4,
            lesson_pages=1.0,
            final_rate=0.5,
            min_accuracy=0.5,
            max_steps=1400,
        ),
        PretrainingPhase(num_steps=600, learning_rate=3e-3, choice_share=0.6),
    )
    num_rows: int = 24
    row_tokens: int = 160
    web: WebConfig = field(default_factory=WebConfig)
    min_accuracy: float | None = 0.3
    """What the accuracy of workings must be, of each kind of problem in each language; None asks for nothing."""

    def __post_init__(self) -> None:
        check_at_least(1, "base", num_rows=self.num_rows, row_tokens=self.row_tokens, num_phases=len(self.phases))
        for phase in self.phases:
            check_at_least(1, "base.phases", num_steps=phase.num_steps)


BASE = BaseConfig()
"""0.25M parameters; three to four minutes on one thread."""
STUDENT_BASE = BaseConfig(
    hidden_size=48,
    num_layers=2,
    intermediate_size=128,
    phases=(PretrainingPhase(num_steps=450, learning_rate=4e-3, choice_share=0.6),),
    min_accuracy=None,
)
"""0.1M parameters, and too few steps to learn to compute: what a small model is before it is distilled into."""
LLAMA_STUDENT_BASE = replace(STUDENT_BASE, architecture="llama")


def pretrained_base(config: BaseConfig, *, seed: int, cache_dir: Path) -> Path:
    """Return the folder of a pre-trained base model and its tokenizer; pre-train it if it is not there.

    The folder's name is a hash of the settings, the seed, the tokenizer, and the code that makes pages and weights.
    Pre-training runs on one thread, so that the same settings and seed give the same bytes. A process that is killed
    leaves no entry, and the next one goes on from where that one last saved.

    Args:
        config: of the model and its pre-training, such as `BASE`.
        seed: of the weights, the pages and the check.
        cache_dir: where base models are kept; made if need be.

    Raises:
        PolicyError: the base computes too badly for reinforcement learning to have anything to select.
    """
    folder = cache_dir / _key(config, seed)
    if not folder.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _one_thread():
            _make(config, seed, folder)
    figures = json.loads((folder / _FIGURES_FILE).read_text(encoding="utf-8"))
    _require_skill(figures["skill"], config.min_accuracy, folder)
    return folder


def _key(config: BaseConfig, seed: int) -> str:
    modules = (Path(tiny.__file__), Path(pretraining.__file__), Path(__file__))
    digest = hashlib.sha256(json.dumps([asdict(config), seed]).encode())
    for source in (*sorted(Path(tiny_world.__path__[0]).glob("*.py")), *modules):
        digest.update(source.read_bytes())
    digest.update("\0".join(tokenizer_phrases()).encode())
    return f"base-{digest.hexdigest()[:16]}"


@contextmanager
def _one_thread() -> Generator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _make(config: BaseConfig, seed: int, folder: Path) -> None:
    """Pre-train a base, and give its folder its name once it is whole."""
    model, tokenizer = build_tiny_policy(
        seed=seed,
        tokenizer=build_tiny_tokenizer(tokenizer_phrases()),
        architecture=config.architecture,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        head_dim=config.head_dim,
        intermediate_size=config.intermediate_size,
    )
    draft, state_file = folder.with_name(f".{folder.name}.{os.getpid()}"), folder.with_name(f".{folder.name}.pt")
    losses = pretrain(
        model,
        tokenizer,
        config.phases,
        config.web,
        num_rows=config.num_rows,
        row_tokens=config.row_tokens,
        seed=seed,
        state_file=state_file,
        accuracy=lambda: min(found["accuracy_if_worked"] for found in _skill(model, tokenizer, seed).values()),
    )
    try:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        figures = {"seed": seed, "config": asdict(config), "losses": losses, "skill": _skill(model, tokenizer, seed)}
        (draft / _FIGURES_FILE).write_text(json.dumps(figures, indent=1), encoding="utf-8")
        _rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    state_file.unlink(missing_ok=True)


def _rename(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if not folder.exists():  # otherwise another process was first, with the same bytes
            raise


def _skill(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, seed: int) -> Mapping[str, Mapping[str, float]]:
    """Return for each kind of problem in each language how often working is shown when asked for, and is right then."""
    model.eval()
    tasks = _checked_tasks()
    codec = TextCodec(tokenizer, use_chat_template=True)
    prompts = [
        codec.encode(f"<|user|>{CAREFULLY[task.metadata['language']]}{task.prompt}<|assistant|>") for task in tasks
    ]
    params = SamplingParams(
        max_new_tokens=_CHECKED_TOKENS, stop_token_ids=(codec.eos_token_id,), seed=derive_seed(seed, "check of a base")
    )
    groups = DecodeEngine(model, codec.pad_token_id).generate(prompts, params, num_samples=_CHECKED_SAMPLES)
    attempts = [
        Attempt(task=task, response=codec.decode(completion.token_ids))
        for task, group in zip(tasks, groups, strict=True)
        for completion in group
    ]
    scores = [score.value for score in Accuracy().score(attempts)]
    skill = dict[str, Mapping[str, float]]()
    for kind, language in product(("chain", "choice"), LANGUAGES):
        rows = [
            (_is_worked(attempt.response), score)
            for attempt, score in zip(attempts, scores, strict=True)
            if (attempt.task.metadata["domain"], attempt.task.metadata["language"]) == (kind, language)
        ]
        right = [score for is_worked, score in rows if is_worked]
        skill[f"{kind} {language}"] = {
            "worked_share": len(right) / len(rows),
            "accuracy_if_worked": sum(right) / max(1, len(right)),
        }
    return skill


def _checked_tasks() -> Sequence[Task[Any]]:
    """Return held-out problems, as many of each kind in each language."""
    problems, wanted = tiny_reasoning("test"), dict[tuple[str, str], list[Task[Any]]]()
    for index in range(len(problems)):
        task = problems[index]
        kind = wanted.setdefault((task.metadata["domain"], task.metadata["language"]), [])
        if len(kind) < _CHECKED_TASKS:
            kind.append(task)
        elif all(len(tasks) == _CHECKED_TASKS for tasks in wanted.values()):
            break
    return [task for tasks in wanted.values() for task in tasks]


def _is_worked(response: str) -> bool:
    return any(words.makes in response for words in WORDS.values())


def _require_skill(skill: Mapping[str, Mapping[str, float]], min_accuracy: float | None, folder: Path) -> None:
    if min_accuracy is None:
        return
    weak = {kind: found for kind, found in skill.items() if found["accuracy_if_worked"] < min_accuracy}
    if weak:
        found = ", ".join(f"{kind} {figures['accuracy_if_worked']:.2f}" for kind, figures in weak.items())
        raise PolicyError(
            f"The base in {folder} does not compute well enough: of its workings at least {min_accuracy:.2f} must be "
            f"right of each kind of problem in each language, got {found}. Reinforcement learning would have "
            "nothing to select. Give pre-training more steps, or another seed."
        )
