"""Recipes of several stages: what each leaves is kept by its content, so that a run can be stopped and gone on with."""

from agents.pipeline.artefacts import Artefact, Checkpoint, Report, SampleFile, read_rows, write_json, write_rows
from agents.pipeline.runner import Selection, run_pipeline
from agents.pipeline.stage import Context, FunctionStage, Inputs, Outputs, Pipeline, Stage

__all__ = [
    "Artefact",
    "Checkpoint",
    "Context",
    "FunctionStage",
    "Inputs",
    "Outputs",
    "Pipeline",
    "Report",
    "SampleFile",
    "Selection",
    "Stage",
    "read_rows",
    "run_pipeline",
    "write_json",
    "write_rows",
]
