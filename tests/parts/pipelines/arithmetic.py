"""Stages of a user's own: functions of a module, each of which writes down what it was given."""

from __future__ import annotations

import json
import os
import signal
import time

from agents.pipeline import Context, FunctionStage, Inputs, Outputs, Pipeline, Report, SampleFile
from agents.pipeline.artefacts import write_rows


def count_from_seed(inputs: Inputs, context: Context) -> Outputs:
    path = context.folder / "numbers.jsonl"
    write_rows(path, [{"number": context.seed_for("numbers", place) % 100} for place in range(5)])
    return {"samples": SampleFile(path)}


def add_up(inputs: Inputs, context: Context) -> Outputs:
    path = context.folder / "sum.json"
    path.write_text(json.dumps(sum(row["number"] for row in inputs.samples("numbers").rows())))
    return {"report": Report(path)}


def double(inputs: Inputs, context: Context) -> Outputs:
    path = context.folder / "double.json"
    path.write_text(json.dumps(2 * inputs.report("sum").content()))
    return {"report": Report(path)}


def fail(inputs: Inputs, context: Context) -> Outputs:
    raise ValueError("this stage cannot be made")


def wait_for_a_file(inputs: Inputs, context: Context) -> Outputs:
    """Say which process this is, and go on once there is a file "go" beside the stages."""
    (context.folder.parent / "process").write_text(str(os.getpid()))
    while not (context.folder.parent / "go").exists():
        time.sleep(0.05)
    return add_up(inputs, context)


def note_signals(inputs: Inputs, context: Context) -> Outputs:
    """Write down the signals of two seconds from the first one on, which is how long saving takes here."""
    names: list[str] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: names.append(signal.Signals(number).name))
    (context.folder.parent / "process").write_text(str(os.getpid()))
    while not names:
        time.sleep(0.05)
    time.sleep(2)
    (context.folder.parent / "signals").write_text(" ".join(names))
    raise KeyboardInterrupt


NUMBERS = FunctionStage(name="numbers", function=count_from_seed, inputs={})
SUM = FunctionStage(name="total", function=add_up, inputs={"numbers": "numbers/samples"})
DOUBLE = FunctionStage(name="twice", function=double, inputs={"sum": "total/report"})
FAILING = FunctionStage(name="failing", function=fail, inputs={"numbers": "numbers/samples"})
WAITING = FunctionStage(name="waiting", function=wait_for_a_file, inputs={"numbers": "numbers/samples"})

NOTING = FunctionStage(name="noting", function=note_signals, inputs={"numbers": "numbers/samples"})


def arithmetic(*stages: FunctionStage, num_processes: int = 1) -> Pipeline:
    return Pipeline(name="arithmetic", stages=(NUMBERS, *(stages or (SUM, DOUBLE))), num_processes=num_processes)
