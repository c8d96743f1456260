"""A client for reward models behind HTTP servers: vLLM, SGLang, Text Embeddings Inference (TEI), and ours.

Raw outputs are asked for (`use_activation: false`, `raw_scores: true`), since a softmax over one label is always 1, and
silent truncation is refused (`truncate: false`). A batch that a server refuses is split, so that one response that is
too long fails alone.

| dialect | server | body | answer |
|---|---|---|---|
| classify | vLLM, SGLang `/classify` | `model`, `input` [texts], `use_activation` | `data[].probs` |
| classify_messages | vLLM `/classify` | `model`, `messages`, `use_activation`; one conversation | `data[].probs` |
| pooling | vLLM `/pooling` | `model`, `input`, `task` | `data[].data` |
| score | vLLM `/score` | `model`, `queries`, `documents` | `data[].score` |
| score_pairs | vLLM `/score` before 0.12 | `model`, `text_1`, `text_2` | `data[].score` |
| predict | TEI `/predict` | `inputs` [[text], …], `raw_scores`, `truncate` | [[{label, score}], …] |
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import httpx

from reward_models.base import (
    JudgedPart,
    Judgement,
    Prompt,
    ScoreCounts,
    check_lengths,
    conversation,
    judged_text,
    prompt_text,
    render_dialogue,
)
from reward_models.calibration import Calibration, calibrate
from reward_models.errors import ServerError
from reward_models.http.transport import RefusedError, RequestPolicy, map_bounded, post_json

__all__ = ["DIALECTS", "Dialect", "HttpRewardModel"]

Rows: TypeAlias = Sequence[tuple[Prompt, str]]
"""Prompts with the judged text of their responses."""


class Dialect(NamedTuple):
    """How a server is asked, and how its answer is read; `max_batch`: the most texts that one request may hold."""

    path: str
    body: Callable[[HttpRewardModel, Rows], dict[str, Any]]
    parse: Callable[[HttpRewardModel, Any], list[float]]
    max_batch: int | None = None


@dataclass(eq=False)
class HttpRewardModel:
    """Scores through a server, in batches, several at once; what cannot be scored is NaN with the reason.

    Args:
        url: of the server, without the path.
        dialect: a name in `DIALECTS`, or a `Dialect` of your own.
        model: the name under which the server knows it; TEI needs none.
        label: which output counts: its position, or, for TEI, its name. 0 for models with one output.
        render: prompt and response as the text that the model was trained on, its end-of-sequence token included.
        to_value: from the server's number to the score; `lambda logit: sigmoid(-logit)` for a logit of unsafe.
    """

    url: str
    dialect: str | Dialect = "classify"
    model: str | None = None
    judged_part: JudgedPart = JudgedPart.SUMMARY
    label: int | str = 0
    batch_size: int = 16
    render: Callable[[Prompt, str], str] = render_dialogue
    to_value: Callable[[float], float] = float
    calibration: Calibration = field(default_factory=Calibration)
    policy: RequestPolicy = field(default_factory=RequestPolicy)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = "http"
    counts: ScoreCounts = field(default_factory=ScoreCounts)

    def __post_init__(self) -> None:
        if isinstance(self.dialect, str) and self.dialect not in DIALECTS:
            raise ValueError(f"Unknown dialect {self.dialect!r}. Known: {', '.join(DIALECTS)}.")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}.")

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """Return one score per response; NaN where the server gave none."""
        return [judgement.value for judgement in self.judge(prompts, responses)]

    def judge(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Judgement]:
        """Return scores, or the reasons why there is none, in the order of the arguments."""
        check_lengths(prompts, responses)
        dialect = DIALECTS[self.dialect] if isinstance(self.dialect, str) else self.dialect
        rows = [(prompt, judged_text(self.judged_part, text)) for prompt, text in zip(prompts, responses, strict=True)]
        size = min(self.batch_size, dialect.max_batch or self.batch_size)
        batches = [rows[i : i + size] for i in range(0, len(rows), size)]
        deadline = time.monotonic() + self.policy.deadline_seconds
        with httpx.Client(headers=dict(self.headers)) as client:
            send = partial(self._send, client, dialect, deadline)
            answers = map_bounded(send, batches, max_concurrency=self.policy.max_concurrency)
        raw = [judgement for answer in answers for judgement in answer]
        return calibrate(raw, self.to_value, self.calibration, self.counts)

    def _send(self, client: httpx.Client, dialect: Dialect, deadline: float, rows: Rows) -> list[Judgement]:
        """Return judgements of raw scores."""

        def parse(answer: Any) -> list[float]:
            raw = dialect.parse(self, answer)
            if len(raw) != len(rows) or not all(math.isfinite(value) for value in raw):
                raise ValueError(f"expected {len(rows)} finite scores, got {raw}")
            return raw

        url, body = self.url.rstrip("/") + dialect.path, dialect.body(self, rows)
        try:
            return list(map(Judgement, post_json(client, url, body, parse, policy=self.policy, deadline=deadline)))
        except RefusedError as error:
            if len(rows) == 1:
                return [Judgement.failed(str(error))]
            middle = len(rows) // 2
            halves = (self._send(client, dialect, deadline, half) for half in (rows[:middle], rows[middle:]))
            return [judgement for half in halves for judgement in half]
        except ServerError as error:
            return [Judgement.failed(str(error))] * len(rows)


def _texts(model: HttpRewardModel, rows: Rows) -> list[str]:
    return [model.render(prompt, text) for prompt, text in rows]


def _classify(model: HttpRewardModel, rows: Rows) -> dict[str, Any]:
    return {"model": model.model, "input": _texts(model, rows), "use_activation": False}


def _classify_messages(model: HttpRewardModel, rows: Rows) -> dict[str, Any]:
    ((prompt, text),) = rows
    return {"model": model.model, "messages": conversation(prompt, text), "use_activation": False}


def _pooling(model: HttpRewardModel, rows: Rows) -> dict[str, Any]:
    return {"model": model.model, "input": _texts(model, rows), "task": "classify", "use_activation": False}


def _score(queries: str, documents: str, model: HttpRewardModel, rows: Rows) -> dict[str, Any]:
    asked = [prompt_text(prompt) for prompt, _ in rows]
    return {"model": model.model, queries: asked, documents: [text for _, text in rows], "use_activation": False}


def _predict(model: HttpRewardModel, rows: Rows) -> dict[str, Any]:
    return {"inputs": [[text] for text in _texts(model, rows)], "raw_scores": True, "truncate": False}


def _by_index(answer: Any) -> list[Any]:
    """Return `data` in the order of the inputs, each exactly once; rows without an index are in order."""
    indices = [row.get("index", position) for position, row in enumerate(answer["data"])]
    if sorted(indices) != list(range(len(indices))):
        raise ValueError(f"expected every index once, got {indices}")
    return [row for _, row in sorted(zip(indices, answer["data"], strict=True), key=lambda pair: pair[0])]


def _outputs(key: str, model: HttpRewardModel, answer: Any) -> list[float]:
    return [_number(row[key][model.label]) for row in _by_index(answer)]


def _scores(_: HttpRewardModel, answer: Any) -> list[float]:
    return [_number(row["score"]) for row in _by_index(answer)]


def _predictions(model: HttpRewardModel, answer: Any) -> list[float]:
    """Read the answer of TEI, which sorts the labels of each input by score: several are told apart by name only."""
    found: list[float] = []
    for predictions in answer:
        by_label = {row["label"]: _number(row["score"]) for row in predictions}
        if isinstance(model.label, int) and len(by_label) != 1:
            raise ValueError(f"several labels, set `label` to the name of one: {', '.join(by_label)}")
        found.append(by_label[model.label] if isinstance(model.label, str) else next(iter(by_label.values())))
    return found


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


DIALECTS: dict[str, Dialect] = {
    "classify": Dialect("/classify", _classify, partial(_outputs, "probs")),
    "classify_messages": Dialect("/classify", _classify_messages, partial(_outputs, "probs"), max_batch=1),
    "pooling": Dialect("/pooling", _pooling, partial(_outputs, "data")),
    "score": Dialect("/score", partial(_score, "queries", "documents"), _scores),
    "score_pairs": Dialect("/score", partial(_score, "text_1", "text_2"), _scores),
    "predict": Dialect("/predict", _predict, _predictions),
}
