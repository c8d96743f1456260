"""When a stage is another one: by its settings, by what files and folders hold, by the text of the user's own code."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace

import pytest
from pipelines.miniature import miniature

from agents.pipeline.manifest import stage_key
from agents.pipeline.stages.models import GivenModel

MODULE = """
from dataclasses import dataclass
from agents.pipeline import FunctionStage

def too_long(sample):
    return "too_long" if len(sample.response) > 60 else None

@dataclass(frozen=True)
class Shorter:
    limit: int = 60
    def reasons(self, samples):
        return [too_long(sample) for sample in samples]

@dataclass(frozen=True, kw_only=True)
class Own:
    name: str = "own"
    inputs: tuple = ()
    def run(self, inputs, context):
        return {}

SHORTER = Shorter()

def run(inputs, context):
    return {}

STAGE = FunctionStage(name="stage", function=run, inputs={})
"""


def key(stage):
    return stage_key(stage, seed=0, inputs={})


def with_filter(filter_):
    stage = miniature().stage("cold_start")
    return replace(stage, sources=tuple(replace(source, filters=(filter_,)) for source in stage.sources))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes the user's module and imports it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        (tmp_path / "my_own_parts.py").write_text(text, encoding="utf-8")
        sys.modules.pop("my_own_parts", None)
        importlib.invalidate_caches()
        return importlib.import_module("my_own_parts")

    yield write
    sys.modules.pop("my_own_parts", None)


STAGES = {
    "a function": lambda own: with_filter(own.too_long),
    "its name": lambda own: with_filter("my_own_parts:too_long"),
    "an object": lambda own: with_filter(own.Shorter()),
    "the name of an object": lambda own: with_filter("my_own_parts:SHORTER"),
    "a stage": lambda own: own.Own(),
    "the function of a stage": lambda own: own.STAGE,
}
CHANGES = {
    "a function": ("> 60", "> 70"),
    "its name": ("> 60", "> 70"),
    "an object": ("[too_long(sample) for", "[None for"),
    "the name of an object": ("SHORTER = Shorter()", "SHORTER = Shorter(70)"),
    "a stage": ("def run(self, inputs, context):\n        return {}", "def run(self, inputs, context):\n        pass"),
    "the function of a stage": ("def run(inputs, context):\n    return {}", "def run(inputs, context):\n    pass"),
}


@pytest.mark.parametrize("what", STAGES)
def test_another_text_of_the_users_own_code_is_another_stage(what, written):
    stage, (old, new) = STAGES[what], CHANGES[what]
    first = key(stage(written(MODULE)))
    assert key(stage(written(f"# a comment\n{MODULE}"))) == first
    assert MODULE.replace(old, new) != MODULE
    assert key(stage(written(MODULE.replace(old, new)))) != first


def test_another_model_in_the_same_folder_is_another_stage(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    stage = GivenModel(name="base", path=str(tmp_path))
    first = key(stage)
    (tmp_path / "config.json").write_text('{"changed": true}')
    assert key(stage) != first
