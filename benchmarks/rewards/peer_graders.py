r"""Other libraries' graders of mathematics, to be run by the interpreter of an environment that has them.

    PYTHON benchmarks/rewards/peer_graders.py NAME < batches.json

Standard input holds a JSON list of batches, each a pair of lists: gold answers and responses. Standard output gets a
line of JSON with `milliseconds` of processor time per response of each batch, and the `scores` of each. The program
imports nothing of ours, because the versions that these libraries need may clash with ours (`make grading-peers`). A
library that is missing ends it with exit status 3 and the reason on standard output.

Each is asked as its own evaluation asks it: inspect-ai reads the whole response, lm-eval's two tasks compare what
stands in the last box with the gold answer by their `is_equiv`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Scorer = Callable[[str, str], Awaitable[float]]
NOT_INSTALLED = 3


def inspect_math() -> Scorer:
    """Return inspect-ai's `math` scorer."""
    from inspect_ai.model import ModelName, ModelOutput
    from inspect_ai.scorer import CORRECT, Target, math
    from inspect_ai.solver import TaskState

    scorer, model = math(), ModelName("none/none")

    async def score(gold: str, response: str) -> float:
        output = ModelOutput.from_content("none", response)
        state = TaskState(model=model, sample_id=0, epoch=1, input="", messages=[], output=output)
        try:
            result = await scorer(state, Target(gold))
        except ValueError:  # its word for a gold answer that it cannot parse
            return 0.0
        return float(result is not None and result.value == CORRECT)

    return score


def lm_eval_minerva() -> Scorer:
    """Return the equivalence of lm-eval's task minerva_math: normalisation, then sympy."""
    task = _lm_eval_task("minerva_math")
    return _by_last_box(task, lambda gold, answer: task.is_equiv(*map(task.normalize_final_answer, (answer, gold))))


def lm_eval_hendrycks() -> Scorer:
    """Return the equivalence of lm-eval's task hendrycks_math: normalised strings."""
    task = _lm_eval_task("hendrycks_math")
    return _by_last_box(task, lambda gold, answer: task.is_equiv(answer, gold))


def _lm_eval_task(name: str) -> Any:
    """Load the functions of a task without the rest of the harness."""
    package = importlib.util.find_spec("lm_eval")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'lm_eval'")
    path = Path(package.origin).parent / "tasks" / name / "utils.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _by_last_box(task: Any, are_equal: Callable[[str, str], bool]) -> Scorer:
    async def score(gold: str, response: str) -> float:
        boxed = task.last_boxed_only_string(response)
        return float(boxed is not None and bool(are_equal(gold, task.remove_boxed(boxed))))

    return score


GRADERS: dict[str, tuple[str, Callable[[], Scorer]]] = {
    "inspect-ai math": ("inspect-ai", inspect_math),
    "lm-eval minerva_math": ("lm-eval", lm_eval_minerva),
    "lm-eval hendrycks_math": ("lm-eval", lm_eval_hendrycks),
}
"""Name → distribution and maker."""


async def grade(scorer: Scorer, batches: list[tuple[list[str], list[str]]]) -> dict[str, Any]:
    """Score every batch, and measure processor time with that of child processes."""
    milliseconds, scores = list[float](), list[list[float]]()
    for golds, responses in batches:
        start = time.process_time()
        scores.append([await scorer(gold, response) for gold, response in zip(golds, responses, strict=True)])
        milliseconds.append(1000 * (time.process_time() - start) / len(golds))
    return {"milliseconds": milliseconds, "scores": scores}


def main(name: str) -> int:
    """Answer one request."""
    answers, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 they print warnings
    distribution, make = GRADERS[name]
    try:
        scorer = make()
    except (ImportError, AssertionError) as error:  # lm-eval asserts the version of a library
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=answers)
        return NOT_INSTALLED
    found = asyncio.run(grade(scorer, json.load(sys.stdin)))
    print(json.dumps({"version": version(distribution), **found}), file=answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
