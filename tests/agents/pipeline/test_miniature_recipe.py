"""The whole recipe on a miniature model: what it leaves, and that a killed run ends as an uninterrupted one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pipelines.miniature import miniature, training_longer

from agents.errors import ConfigError
from agents.pipeline import FunctionStage, SampleFile, Selection, run_pipeline
from agents.pipeline.artefacts import content_hash
from agents.pipeline.collection.records import text_hash
from agents.sampling import CheckpointPolicy

pytestmark = pytest.mark.slow
PARTS = Path(__file__).parents[2] / "parts"
SCRIPT = """
import sys
from pathlib import Path
from pipelines.miniature import miniature, training_longer
from agents.pipeline import run_pipeline
if __name__ == "__main__":
    run_pipeline(miniature(), output_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
"""


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def hashes(manifest):
    return {name: stage["outputs"] for name, stage in manifest["stages"].items()}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("whole")
    return folder, run_pipeline(miniature(), output_dir=folder, cache_dir=cache)


def test_every_stage_is_in_the_manifest_with_the_hashes_of_what_it_left(whole):
    folder, manifest = whole
    assert list(manifest["stages"]) == [stage.name for stage in miniature().stages]
    for name, stage in manifest["stages"].items():
        record = json.loads((folder / name / "stage.json").read_text())
        for output, entry in record["outputs"].items():
            assert content_hash(folder / name / entry["path"]) == entry["sha256"] == stage["outputs"][output]


def test_stages_take_what_the_paper_says_they_take(whole):
    folder, _ = whole
    records = {stage.name: json.loads((folder / stage.name / "stage.json").read_text()) for stage in miniature().stages}
    taken = {
        name: {own: entry["artefact"] for own, entry in record["inputs"].items()} for name, record in records.items()
    }
    assert taken["sft1"] == {"start": "base/checkpoint", "cold_start": "cold_start/samples"}
    assert taken["rl1"] == taken["rl1_without_language"] == {"start": "sft1/checkpoint"}
    assert taken["sft2"] == {"start": "base/checkpoint", "rejection": "rejection/samples"}
    assert taken["rl2"] == {"start": "sft2/checkpoint"}
    assert taken["student_rl"] == {"start": "student_base/checkpoint"}
    assert taken["on_policy_distillation"] == {"start": "distillation/checkpoint", "teacher": "rl2/checkpoint"}


def test_samples_say_where_they_come_from_and_rejected_ones_why(whole):
    folder, manifest = whole
    kept, rejected = rows(folder / "cold_start/samples.jsonl"), rows(folder / "cold_start/rejected.jsonl")
    assert {row["source"] for row in kept} <= {"few_shot", "direct", "zero"}
    zero = [row for row in kept if row["source"] == "zero"]
    assert {row["checkpoint"] for row in zero} == {manifest["stages"]["zero"]["outputs"]["checkpoint"]}
    assert {row["sampling"]["temperature"] for row in kept} == {1.0}
    assert {row["prompt_form"] for row in kept} >= {"FewShot", "Instructed"}
    assert all(row["filters"] == ["Distinct"] for row in kept)
    assert all(row["rejected"] == "duplicate" for row in rejected)
    counts = json.loads((folder / "cold_start/counts.json").read_text())
    assert sum(entry["sampled"] for entry in counts.values()) == len(kept) + len(rejected)


def test_given_solutions_of_the_rejection_stage_are_whole_responses(whole):
    folder, _ = whole
    worked = [row for row in rows(folder / "rejection/samples.jsonl") if row["source"] == "worked"]
    assert len(worked) == 4
    assert all(row["response"].startswith("<think>") and row["checkpoint"] is None for row in worked)


def test_the_table_has_a_row_for_each_checkpoint_with_estimates_and_intervals(whole):
    folder, _ = whole
    table = json.loads((folder / "table/table.json").read_text())
    assert set(table) == {
        "base", "zero", "sft1", "rl1", "rl1_without_language", "sft2", "rl2", "student_base", "distillation",
        "on_policy_distillation", "student_rl",
    }  # fmt: skip
    assert {"greedy", "pass@1", "cons@2", "tokens", "reflections", "language", "form", "full answers"} <= set(
        table["rl2"]
    )
    estimate = table["base"]["pass@1"]
    assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1


def test_a_checkpoint_of_a_stage_is_an_ordinary_one(whole):
    folder, _ = whole
    assert CheckpointPolicy(str(folder / "rl2/checkpoint")).codec.decode((1,)) == ""
    assert not list((folder / "rl2").rglob("*.pt"))


def test_one_stage_alone_makes_the_same_again(whole, cache):
    folder, manifest = whole
    again = run_pipeline(miniature(), output_dir=folder, cache_dir=cache, selection=Selection(only=("rl1",)))
    assert hashes(again) == hashes(manifest)


@pytest.mark.parametrize("stage", ["zero", "cold_start", "rl2", "sft2_measured"])
def test_a_run_killed_within_a_stage_ends_with_the_same_hashes(stage, whole, cache, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "run", cache],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path]), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process, process.stdout as lines:
        while not next(lines).startswith(f"{stage}: begun"):
            pass
        time.sleep(0.1)
        process.kill()
    assert not (tmp_path / "run/table").exists()
    resumed = run_pipeline(miniature(), output_dir=tmp_path / "run", cache_dir=cache)
    assert hashes(resumed) == hashes(whole[1])


def test_a_run_killed_while_it_trains_goes_on_in_a_folder_that_was_moved(cache, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("miniature()", "training_longer()"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path])}
    process = subprocess.Popen([sys.executable, script, tmp_path / "run", cache], env=environment)
    while not (tmp_path / "run/zero.draft/run/checkpoint").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert (tmp_path / "run/zero.draft").exists()
    (tmp_path / "run").rename(tmp_path / "moved")
    resumed = run_pipeline(training_longer(), output_dir=tmp_path / "moved", cache_dir=cache)
    at_once = run_pipeline(training_longer(), output_dir=tmp_path / "at_once", cache_dir=cache)
    assert hashes(resumed) == hashes(at_once)


def test_a_parent_is_the_hash_of_what_was_sampled_before_it_was_refined(cache, tmp_path):
    pipeline = refining(miniature())
    run_pipeline(pipeline, output_dir=tmp_path, cache_dir=cache, selection=Selection(skip=("sft1", "student_base")))
    sampled = {row["response"] for row in rows(tmp_path / "cold_start/few_shot.responses.jsonl")}
    parents = {row["parent"] for row in rows(tmp_path / "cold_start/samples.jsonl") if row["source"] == "few_shot"}
    assert parents <= {text_hash(text) for text in sampled}
    assert all("again" in row["response"] for row in rows(tmp_path / "cold_start/samples.jsonl"))
    assert {row["rejected"] for row in rows(tmp_path / "cold_start/rejected.jsonl")} >= {"not_refined"}


def refining(pipeline):
    cold_start = pipeline.stage("cold_start")
    refiners = (say_it_again, reject, say_it_again)
    sources = tuple(replace(one, refine=refine) for one, refine in zip(cold_start.sources, refiners, strict=True))
    stages = [replace(stage, sources=sources) if stage is cold_start else stage for stage in pipeline.stages]
    return replace(pipeline, stages=tuple(stages))


def say_it_again(sample):
    return f"again {sample.response}"


def reject(sample):
    return None


def test_a_stage_that_keeps_nothing_says_what_became_of_its_samples(cache, tmp_path):
    pipeline = miniature()
    cold_start = pipeline.stage("cold_start")
    sources = tuple(replace(source, refine=reject) for source in cold_start.sources)
    stages = [replace(stage, sources=sources) if stage is cold_start else stage for stage in pipeline.stages]
    with pytest.raises(ConfigError, match=r"kept none of its samples.*not_refined"):
        run_pipeline(replace(pipeline, stages=tuple(stages)), output_dir=tmp_path, cache_dir=cache)


def test_empty_responses_are_rejected_whatever_the_filters_are(cache, tmp_path):
    pipeline = miniature()
    cold_start = pipeline.stage("cold_start")
    refiners = (say_nothing, say_it_again, say_it_again)
    sources = tuple(replace(one, refine=refine) for one, refine in zip(cold_start.sources, refiners, strict=True))
    stages = tuple(replace(stage, sources=sources) if stage is cold_start else stage for stage in pipeline.stages)
    chosen = Selection(only=("base", "zero", "cold_start"))
    run_pipeline(replace(pipeline, stages=stages), output_dir=tmp_path, cache_dir=cache, selection=chosen)
    counts = json.loads((tmp_path / "cold_start/counts.json").read_text())
    assert counts["few_shot"] == {"sampled": 8, "empty": 8}


def say_nothing(sample):
    return ""


def write_without_a_last_line_break(inputs, context):
    path = context.folder / "samples.jsonl"
    path.write_text('{"prompt": "2+3=", "response": "5"}\n{"prompt": "2+2=", "response": "4"}', encoding="utf-8")
    return {"samples": SampleFile(path)}


def test_files_of_samples_are_joined_though_they_end_without_a_line_break(cache, tmp_path):
    pipeline = miniature()
    one = FunctionStage(name="one", function=write_without_a_last_line_break, inputs={})
    sft = replace(
        pipeline.stage("sft2"), inputs={"start": "base/checkpoint", "one": "one/samples", "two": "two/samples"}
    )
    stages = (pipeline.stage("base"), one, replace(one, name="two"), sft)
    run_pipeline(replace(pipeline, stages=stages), output_dir=tmp_path, cache_dir=cache)
    assert len(rows(tmp_path / "sft2/samples.jsonl")) == 4
