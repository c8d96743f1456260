"""Write every verdict on the public data, a line each, so that `diff` shows what a change of the graders changes.

    python benchmarks/rewards/verdicts.py DATA before.jsonl      # DATA: the folder that docs/data.md describes
    … change something …
    python benchmarks/rewards/verdicts.py DATA after.jsonl && diff before.jsonl after.jsonl

Only public functions are called, so PYTHONPATH may name another version of the package. Limits are long, so that no
verdict depends on how busy the machine is.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reasonenv.execution import Limits, Sandbox
from reasonenv.grading import equal, grade_math, grade_qa
from reasonenv.rewards import load_reward
from reasonenv.rewards.accuracy import Accuracy
from reasonenv.types import AssertTests, Attempt, CallTests, MathReference, QAReference, StdinTests, Task

Verdict = dict[str, Any]

RULES = (
    Accuracy(timeout_seconds=60),
    *("format", "tag_count", "code_format", "language_consistency", "reasoning_steps", "repetition_penalty"),
)
IMPORTS = "import math, re, sys, collections"
ATTACK_INPUTS = (3, 10, 57, 123, 999)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.decode("utf-8").split("\n") if line.strip()]


def math_answers(data: Path) -> Iterator[Verdict]:
    """Labelled answers; each gold answer of GSM8K and MATH-500 against itself and against the next one."""
    for path in sorted([*data.glob("math_pairs/*.jsonl"), *data.glob("answers_2/math_*.jsonl")]):
        rows = [row for row in read_jsonl(path) if "response" in row]
        grades = grade_math([row["gold"] for row in rows], [row["response"] for row in rows], timeout_seconds=60)
        for index, grade in enumerate(grades):
            yield {"row": f"{path.stem} {index}", "score": grade.score, "status": grade.status, "answer": grade.answer}
    for index, case in enumerate(read_jsonl(data / "math_pairs" / "peer_test_cases.jsonl")):
        yield {"row": f"peer_test_cases {index}", "equal": equal(case["gold"], case["prediction"])}
    for name in ("gsm8k", "math500"):
        answers = [row["answer"].rpartition("####")[2] for row in read_jsonl(data / name / "test.jsonl")]
        golds = [answer.strip().replace(",", "") if name == "gsm8k" else answer for answer in answers]
        for shift in (0, 1):
            grades = grade_math(golds, [f"\\boxed{{{gold}}}" for gold in golds[shift:] + golds[:shift]])
            yield from ({"row": f"{name} {shift} {index}", "score": g.score} for index, g in enumerate(grades))


def question_answers(data: Path) -> Iterator[Verdict]:
    """Labelled answers, and every option of TruthfulQA against its question."""
    rows = read_jsonl(data / "answers_2" / "qa.jsonl")
    references = [
        QAReference(
            kind=row["kind"],
            answers=tuple(row["reference"]),
            choices=None if row["choices"] is None else tuple(row["choices"]),
            is_ordered=bool(row["is_ordered"]),
            constraints=tuple(row["constraints"] or ()),
        )
        for row in rows
    ]
    grades = grade_qa(references, [row["response"] for row in rows])
    for index, grade in enumerate(grades):
        yield {"row": f"qa {index}", "score": grade.score, "status": grade.status}
    for index, row in enumerate(json.loads((data / "truthfulqa" / "mc_task.json").read_text(encoding="utf-8"))):
        options = list(row["mc1_targets"])
        right = QAReference(kind="short", answers=(next(text for text in options if row["mc1_targets"][text]),))
        grades = grade_qa([right] * len(options), [f"<answer>{option}</answer>" for option in options])
        yield {"row": f"truthfulqa {index}", "scores": [grade.score for grade in grades]}


def rule_rewards(data: Path) -> Iterator[Verdict]:
    """Every labelled response under the rewards that need no model."""
    texts = [
        (path.stem, row.get("target", "en"), row.get("gold", "7"), row["response"])
        for path in sorted([*data.glob("math_pairs/*.jsonl"), *data.glob("answers_2/*.jsonl")])
        for row in read_jsonl(path)
        if "response" in row
    ]
    with (data / "xstest" / "xstest_prompts.csv").open(encoding="utf-8", newline="") as file:
        texts += [("xstest", "en", "7", row["prompt"]) for row in csv.DictReader(file)]
    attempts = [
        Attempt(
            task=Task(task_id=name, prompt="", reference=MathReference(answer=gold), metadata={"language": language}),
            response=response,
        )
        for name, language, gold, response in texts
    ]
    for rule in RULES:
        reward = load_reward(rule)
        for index, breakdown in enumerate(reward.score(attempts)):
            yield {"row": f"{' '.join(reward.terms)} {texts[index][0]} {index}", "score": breakdown.total}


def public_programs(data: Path) -> Iterator[tuple[str, str, AssertTests]]:
    """Name, solution and tests of each problem of HumanEval and MBPP."""
    for row in read_jsonl(data / "humaneval" / "HumanEval.jsonl.gz"):
        tests = f"{IMPORTS}\n{row['test']}\ncheck({row['entry_point']})"
        defined = re.findall(r"^def (\w+)", row["prompt"], re.M)
        yield row["task_id"], row["prompt"] + row["canonical_solution"], AssertTests(tests, tuple(defined))
    for row in read_jsonl(data / "mbpp" / "mbpp.jsonl"):
        tests = "\n".join([IMPORTS, row["test_setup_code"], *row["test_list"]])
        defined = [name for name in re.findall(r"^(?:def|class) (\w+)", row["code"], re.M) if name in tests]
        yield f"MBPP/{row['task_id']}", row["code"], AssertTests(tests, tuple(dict.fromkeys(defined)))


def programs(data: Path) -> Iterator[Verdict]:
    """HumanEval and MBPP with their own solutions and with empty ones; the labelled attacks in every kind of tests."""
    problems = list(public_programs(data))
    with Sandbox(2, limits=Limits(cpu_seconds=20.0, wall_seconds=60.0)) as sandbox:
        for label in ("right", "empty"):
            sources = [solution if label == "right" else "pass" for _, solution, _ in problems]
            verdicts = sandbox.judge(sources, [tests for *_, tests in problems])
            for (name, *_), verdict in zip(problems, verdicts, strict=True):
                yield {"row": f"{name} {label}", "passed": f"{verdict.num_passed}/{verdict.num_tests}"}
    expected = {number: (number * number * 7 + 13 * number + 5) % 1009 for number in ATTACK_INPUTS}
    checks = "\n    ".join(f"assert candidate({number}) == {value}" for number, value in expected.items())
    kinds = {
        "call": CallTests("f", [((number,), value) for number, value in expected.items()]),
        "stdin": StdinTests([(f"{number}\n", f"{value}\n") for number, value in expected.items()]),
        "assert": AssertTests(f"def check(candidate):\n    {checks}\ncheck(f)", ("f",)),
    }
    folder = data / "sandbox_attacks"
    rows = read_jsonl(folder / "index.jsonl")
    sources = [(folder / row["file"]).read_text(encoding="utf-8") for row in rows]
    with Sandbox(2, limits=Limits(cpu_seconds=2.0, wall_seconds=8.0)) as sandbox:
        for kind, tests in kinds.items():
            for row, verdict in zip(rows, sandbox.judge(sources, [tests] * len(rows)), strict=True):
                is_passed = verdict.num_passed == verdict.num_tests
                yield {"row": f"{row['file']} {kind}", "passed": is_passed, "status": verdict.status}


PARTS: dict[str, Callable[[Path], Iterator[Verdict]]] = {
    "math": math_answers,
    "questions": question_answers,
    "rules": rule_rewards,
    "programs": programs,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the public data")
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with arguments.out.open("w", encoding="utf-8") as out:
        for part in arguments.parts:
            for verdict in PARTS[part](arguments.data):
                out.write(json.dumps({"part": part, **verdict}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
