"""The preset for one GPU takes the first steps of every stage on a model of exactly that architecture.

    pytest -m large tests/agents/pipeline/test_qwen_preset.py

The weights are random, so that nothing passes the filters of real data; what is asked is that every stage runs.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from agents.pipeline import Pipeline, run_pipeline
from agents.pipeline.collection.filters import Distinct
from agents.pipeline.r1.qwen import Sizes, qwen_0_5b
from agents.pipeline.stages.collecting import Collecting
from agents.policies.tiny import build_tiny_policy, build_tiny_tokenizer

QWEN_2_5_0_5B = {
    "vocab_size": 151_936,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32_768,
    "max_window_layers": 24,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    "tie_word_embeddings": True,
    "use_sliding_window": False,
}
SIZES = Sizes(
    max_new_tokens=4,
    num_rl_steps=2,
    num_prompts=1,
    group_size=2,
    cold_start_tasks=1,
    rejection_tasks=1,
    num_epochs=1.0,
    batch_size=2,
    held_out_tasks=1,
    held_out_samples=2,
)


def without_demands(pipeline: Pipeline) -> Pipeline:
    """Keep whatever is sampled once."""
    stages = [
        replace(stage, sources=tuple(replace(source, filters=(Distinct(),)) for source in stage.sources))
        if isinstance(stage, Collecting)
        else stage
        for stage in pipeline.stages
    ]
    return replace(pipeline, stages=tuple(stages))


def preset(model, student, mixed_tasks="procedural_mixed"):
    tasks = {"tasks": "gcd_lcm", "held_out": "gcd_lcm", "mixed_tasks": mixed_tasks}
    return without_demands(
        qwen_0_5b(model=str(model), student=str(student), device="cpu", dtype="float32", sizes=SIZES, **tasks)
    )


def check(pipeline, folder):
    manifest = run_pipeline(pipeline, output_dir=folder)
    assert list(manifest["stages"]) == [stage.name for stage in pipeline.stages]
    assert set(json.loads((folder / "table/table.json").read_text())) == {
        "base", "zero", "sft1", "rl1", "rl1_without_language", "sft2", "rl2", "student_base", "distillation",
        "on_policy_distillation", "student_rl",
    }  # fmt: skip


@pytest.mark.slow
def test_every_stage_of_the_preset_runs_on_a_tiny_model(tmp_path):
    model, tokenizer = build_tiny_policy(seed=0)
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "model")
    check(preset(tmp_path / "model", tmp_path / "model", mixed_tasks="gcd_lcm"), tmp_path / "run")


@pytest.mark.large
@pytest.mark.timeout(3600)
def test_every_stage_of_the_preset_takes_its_first_steps_on_the_exact_architecture(tmp_path):
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(Qwen2Config(**QWEN_2_5_0_5B))
    assert model.num_parameters() == 494_032_768
    tokenizer = build_tiny_tokenizer()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "model")
    del model
    student, _ = build_tiny_policy(seed=0)
    for part in (student, tokenizer):
        part.save_pretrained(tmp_path / "student")
    check(preset(tmp_path / "model", tmp_path / "student"), tmp_path / "run")
