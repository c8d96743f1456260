"""What `docs/pipeline.md` says about stages of one's own is done as it is written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PARTS = Path(__file__).parents[2] / "parts"


@pytest.fixture
def modules(tmp_path):
    """Write the modules of the document, with the miniature recipe in place of the tiny one."""
    text = (ROOT / "docs/pipeline.md").read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        name = re.match(r"# (\w+\.py)\n", code)[1]
        code = code.replace(
            "from agents.pipeline.r1.tiny import tiny", "from pipelines.miniature import miniature as tiny"
        )
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


def pipeline(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "agents", "pipeline", *words, "--output-dir", "out"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_stage_of_ones_own_is_added_by_its_name_and_trained_on_in_a_recipe_of_ones_own(modules):
    teacher = ("base", "zero", "cold_start", "sft1", "rl1", "rejection")
    first = pipeline(
        modules, "pipelines.miniature:miniature", "--only", *teacher, "shortest", "--add", "my_stages:SHORTEST"
    )
    assert first.returncode == 0, first.stderr
    kept = [json.loads(line) for line in (modules / "out/shortest/samples.jsonl").read_text().splitlines()]
    everything = [json.loads(line) for line in (modules / "out/rejection/samples.jsonl").read_text().splitlines()]
    assert len(kept) == len({row["task_id"] for row in everything}) < len(everything)
    second = pipeline(modules, "my_recipe:short_chains", "--only", "sft_short")
    assert second.returncode == 0, second.stderr
    record = json.loads((modules / "out/sft_short/stage.json").read_text())
    assert record["inputs"]["samples"]["artefact"] == "shortest/samples"


def test_help_lists_presets_and_a_preset_its_own_flags(tmp_path):
    general = pipeline(tmp_path, "--help")
    assert (general.returncode, "train-deepseek-r1" in general.stdout) == (0, True)
    preset = pipeline(tmp_path, "r1", "--preset", "qwen-0.5b", "--help")
    assert preset.returncode == 0
    assert all(flag in preset.stdout for flag in ("--mixed-tasks", "--sizes.num-rl-steps", "--only", "--from"))


def test_a_wrong_name_offers_the_closest(tmp_path):
    for words, offered in [(("r2",), "r1"), (("r1", "--preset", "tinny"), "tiny"), (("r1", "--only", "rl3"), "rl2")]:
        done = pipeline(tmp_path, *words)
        assert done.returncode == 2
        assert offered in done.stderr
