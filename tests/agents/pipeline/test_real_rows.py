"""Rows of NuminaMath-TIR and Bespoke-Stratos-17k, in their exact schemas, go through every stage of the recipe."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agents.pipeline import Pipeline, run_pipeline
from agents.pipeline.collection.filters import Distinct
from agents.pipeline.r1.train_deepseek_r1 import thought_and_summary, train_deepseek_r1
from agents.policies.tiny import build_tiny_policy
from reasonenv.tasksets import load_tasks

SYSTEM = "Your role as an assistant involves thoroughly exploring questions through a systematic long thinking process."


def numina(number):
    """Return a row of AI-MO/NuminaMath-TIR: problem, solution, messages."""
    problem = f"What is {number} times 7?"
    solution = (
        f"Let us compute it.\n```python\nprint({number} * 7)\n```\n```output\n{number * 7}\n```\n"
        f"The answer is $\\boxed{{{number * 7}}}$."
    )
    messages = [{"role": "user", "content": problem}, {"role": "assistant", "content": solution}]
    return {"problem": problem, "solution": solution, "messages": messages}


def numina_proof(number):
    return {**numina(number), "problem": f"Prove that {number} times 7 is odd.", "solution": "It is clear."}


def stratos(number):
    """Return a row of bespokelabs/Bespoke-Stratos-17k: system, conversations of from and value."""
    question = f"Return your final response within \\boxed{{}}. What is {number} plus 8?"
    response = (
        f"<|begin_of_thought|>\n\nOkay, {number} plus 8. Wait, let me check it: {number + 8}.\n\n<|end_of_thought|>\n\n"
        f"<|begin_of_solution|>\n\nThe sum is \\boxed{{{number + 8}}}.\n\n<|end_of_solution|>"
    )
    turns = [{"from": "user", "value": question}, {"from": "assistant", "value": response}]
    return {"system": SYSTEM, "conversations": turns}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def pipeline(tmp_path):
    model, tokenizer = build_tiny_policy(seed=0)
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    made = train_deepseek_r1(
        model=str(tmp_path / "model"),
        numina=write(tmp_path / "numina.jsonl", [*map(numina, range(40)), *map(numina_proof, range(5))]),
        stratos=write(tmp_path / "stratos.jsonl", map(stratos, range(40))),
        held_out=write(tmp_path / "held_out.jsonl", map(numina, range(100, 140))),
        num_zero_steps=1,
        num_sampled_tasks=3,
        max_new_tokens=12,
        batch_size=2,
        group_size=2,
        device="cpu",
        dtype="float32",
    )
    return without_demands(made)


def without_demands(pipeline: Pipeline) -> Pipeline:
    """Keep what a policy with random weights writes, which is never right, and measure little of it."""
    rejection = pipeline.stage("rejection")
    sources = tuple(replace(source, filters=(Distinct(),)) for source in rejection.sources)
    stages = [replace(stage, sources=sources) if stage is rejection else stage for stage in pipeline.stages]
    measured = [
        replace(stage, measures=tuple(replace(one, num_tasks=2, num_greedy=2) for one in stage.measures))
        if stage.name.endswith("_measured")
        else stage
        for stage in stages
    ]
    return replace(pipeline, stages=tuple(measured))


@pytest.mark.slow
def test_rows_of_both_data_sets_pass_through_cold_start_sft_rl_and_rejection(pipeline, tmp_path):
    manifest = run_pipeline(pipeline, output_dir=tmp_path / "run")
    assert list(manifest["stages"]) == [stage.name for stage in pipeline.stages]
    cold_start = [json.loads(line) for line in (tmp_path / "run/cold_start/samples.jsonl").read_text().splitlines()]
    assert all("Wait, let me check it" in row["response"] for row in cold_start)
    assert all(row["messages"][0]["role"] == "system" for row in cold_start)
    assert all(row["messages"][-1]["content"].startswith("What is") for row in cold_start)
    rejection = [json.loads(line) for line in (tmp_path / "run/rejection/samples.jsonl").read_text().splitlines()]
    assert all("times 7" in row["messages"][-1]["content"] for row in rejection)
    rollouts = (tmp_path / "run/zero/run/rollouts.jsonl").read_text()
    assert "times 7" in rollouts
    assert "Prove" not in rollouts


def test_a_row_of_bespoke_stratos_is_a_response_of_thought_and_summary(tmp_path):
    path = write(tmp_path / "stratos.jsonl", map(stratos, range(5)))
    task = load_tasks(path, split="all", data_set="bespoke_stratos")[0]
    assert thought_and_summary(task, 0) == (
        "<think>Okay, 0 plus 8. Wait, let me check it: 8.</think>\n<answer>The sum is \\boxed{8}.</answer>"
    )
