"""What a reward pays for nothing: a search for the garbage that it likes best.

Garbage is put together from tags, padding, single letters, numbers, lists, stock phrases, refusals, empty programs and
pieces of the prompt, and evolves towards what is paid. The search knows nothing of the reward but its totals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from reasonenv.rewards.composite import CompositeReward
from reasonenv.types import Attempt, MathReference, QAReference, Task

__all__ = ["Garbage", "search_garbage"]

_TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<think>\n", "\n</think>\n<answer>\n", "\n</answer>")
_PADDING = (" " * 40, " " * 400, "\n\n\n", "." * 60, "-" * 30, "\t" * 20, "0" * 50, "\u200b" * 20)
_MARKS = (
    "1. ",
    "2. ",
    "3. ",
    "\n- ",
    "\n* ",
    "Step 1: ",
    "Step 2: ",
    "First, ",
    "Next, ",
    "Finally, ",
    "\n4. ",
    "\n## ",
)
_PHRASES = (
    "I am sorry, but I cannot help with that.",
    "As a language model, I have no opinion.",
    "The answer is above.",
    "It follows that this holds.",
    "Let me think about it step by step.",
    "Hope this helps!",
    "Sure, here it is:",
    "Yes.",
    "I do not know.",
    "The weather is nice today.",
    "Thank you for the question, it is a very good one.",
    "It is important to consider every side of this.",
)
_FENCES = (
    "```python\npass\n```",
    "\n```python\nprint(1)\n```\n",
    "```python\nprint(0)\n```",
    "```python\n\n```",
    "```\n```",
    '{"a": 1}',
    "[1]",
    "| a | b |",
)
_FORM = "<think>{}</think> <answer>{}</answer>"
_NUM_FIRST = 300
_NUM_PARENTS = 30
_NUM_CHILDREN = 100
_MAX_BLOCKS = 40

Blocks = tuple[str, ...]


@dataclass(frozen=True)
class Garbage:
    """The response that was paid most, and what for: `Garbage("<think>a</think> <answer>b</answer>", 1.0, {…})`."""

    response: str
    total: float
    components: dict[str, float]


def search_garbage(reward: CompositeReward, task: Task[Any], *, num_responses: int = 2000, seed: int = 0) -> Garbage:
    """Return the best paid of `num_responses` garbage responses to a task.

    A response that is right and says the gold answer is a lucky guess, and left out, as is a right choice among options
    or between yes and no. One that is right without saying the answer is a hole, and stays.

    Args:
        reward: what is on trial.
        task: with the reference that the reward needs.
        num_responses: how many are scored; the first 300 are drawn, the others are children of the best paid.
        seed: of every draw.
    """
    search = _Search(reward, task, Random(seed))
    search.score([search.drawn() for _ in range(min(_NUM_FIRST, num_responses))])
    while search.num_scored < num_responses:
        size = min(_NUM_CHILDREN, num_responses - search.num_scored)
        search.score([search.child() for _ in range(size)])
    return search.best[0][1]


class _Search:
    """The best paid responses so far, with the blocks that they are made of."""

    def __init__(self, reward: CompositeReward, task: Task[Any], rng: Random) -> None:
        self.best: list[tuple[Blocks, Garbage]] = []
        self.num_scored = 0
        self._reward, self._task, self._rng = reward, task, rng
        words = task.prompt.split()
        pieces = [task.prompt, *task.prompt.splitlines(), *task.prompt.split(". "), *words]
        self._sources: Sequence[Callable[[], str]] = (
            lambda: rng.choice(_TAGS),
            lambda: rng.choice(_PADDING),
            lambda: rng.choice(_MARKS),
            lambda: rng.choice(_PHRASES),
            lambda: rng.choice(_FENCES),
            lambda: rng.choice(pieces),
            lambda: rng.choice(words) + " ",
            lambda: rng.choice(words).strip('".,').capitalize() + ". ",
            lambda: rng.choice("abcdxyzABCDE") + rng.choice((" ", "\n", ".", ") ", "")),
            lambda: str(rng.randrange(10 ** rng.randint(1, 4))) + " ",
            lambda: "".join(rng.choices("aeioulnrst", k=rng.randint(2, 9))) + " ",
        )

    def drawn(self) -> Blocks:
        blocks = self._blocks(self._rng.randint(1, 12))
        return self._formed(blocks) if self._rng.random() < 0.5 else blocks

    def child(self) -> Blocks:
        """Return a changed copy of one of the best, or what two of them make."""
        rng = self._rng
        blocks = list(rng.choice(self.best)[0])
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(blocks) + 1)
            match rng.randrange(7):
                case 0 | 1:
                    blocks[place:place] = self._blocks(rng.randint(1, 4))
                case 2:
                    del blocks[place : place + rng.randint(1, 3)]
                case 3:
                    blocks[place : place + 1] = self._blocks(1)
                case 4:
                    blocks[place:place] = blocks[max(0, place - 3) : place] * rng.randint(1, 5)
                case 5:
                    other = rng.choice(self.best)[0]
                    blocks[place:] = other[rng.randrange(len(other) + 1) :]
                case _:
                    blocks = list(self._formed(tuple(blocks)))
        return tuple(blocks[:_MAX_BLOCKS]) or self._blocks(1)

    def score(self, candidates: Sequence[Blocks]) -> None:
        texts = ["".join(blocks) for blocks in candidates]
        attempts = [Attempt(task=self._task, response=text, group_id=row) for row, text in enumerate(texts)]
        self.num_scored += len(attempts)
        for blocks, text, paid in zip(candidates, texts, self._reward.score(attempts), strict=True):
            components = dict(paid.components)
            if math.isnan(paid.total) or (self._reward.is_right(components) and _is_luck(self._task, text)):
                continue
            self.best.append((blocks, Garbage(text, paid.total, components)))
        self.best.sort(key=lambda scored: (-scored[1].total, len(scored[1].response)))
        del self.best[_NUM_PARENTS:]

    def _blocks(self, number: int) -> Blocks:
        return tuple(self._rng.choice(self._sources)() for _ in range(number))

    def _formed(self, blocks: Blocks) -> Blocks:
        """Put the form around the blocks without their tags."""
        plain = [block for block in blocks if block not in _TAGS]
        cut = self._rng.randint(0, len(plain))
        before, between, after = _FORM.split("{}")
        return (before, *plain[:cut], between, *plain[cut:], after)


def _is_luck(task: Task[Any], response: str) -> bool:
    """Return whether a right response may be a guess: it says an accepted answer, or had few to choose from."""
    reference = task.reference
    if isinstance(reference, QAReference) and reference.kind in ("boolean", "choice"):
        return True
    golds: Sequence[str] = ()
    if isinstance(reference, MathReference):
        golds = (reference.answer,)
    elif isinstance(reference, QAReference) and reference.kind != "constrained":
        golds = reference.answers
    said = "".join(response.lower().split())
    return any("".join(gold.lower().split()) in said for gold in golds)
