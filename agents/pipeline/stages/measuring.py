"""How good a checkpoint is, by tasks that nothing was trained on: every response is saved, and its figures in a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from agents.config import Engine, EnvConfig, PolicyConfig, Rewards, Tasks
from agents.errors import check_at_least
from agents.pipeline.artefacts import Checkpoint, Report, SampleFile, write_json
from agents.pipeline.collection.prompts import AsTrained
from agents.pipeline.collection.sources import Sampled, request_of, sampled_responses
from agents.pipeline.stage import Context, Inputs, Outputs
from reasonenv.evaluation.metrics import summary
from reasonenv.evaluation.intervals import clustered_mean
from reasonenv.evaluation.samples import Sample, score_samples, write_samples
from reasonenv.tables import resolve
from reasonenv.types import Task

__all__ = ["Measure", "Measuring"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One set of held-out tasks, and how often each is asked."""

    name: str
    tasks: Tasks | None = None
    """None is the stage's own."""
    split: str = "test"
    reward: Rewards
    num_tasks: int
    num_samples: int
    num_greedy: int = 0
    """Tasks that are also answered once, greedily."""
    temperature: float = 0.6
    top_p: float = 0.95
    max_new_tokens: int
    truth: str | None = None
    """"module:attribute" of a function of (task, response) that returns a dataclass of what is true of the response."""

    def __post_init__(self) -> None:
        check_at_least(1, self.name, num_tasks=self.num_tasks, num_samples=self.num_samples)
        check_at_least(0, self.name, num_greedy=self.num_greedy)


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """A stage that measures a checkpoint.

    Outputs: "report", and the samples of each measure: "NAME", and "NAME_greedy" where greedy answers are asked for.
    """

    name: str
    inputs: Mapping[str, str]
    """"policy" is the checkpoint."""
    env: EnvConfig
    measures: tuple[Measure, ...]
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    engine: Engine = "decode"
    num_rows: int = 512

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Ask, score, and count."""
        checkpoint = inputs.checkpoint("policy")
        report: dict[str, Any] = {}
        outputs: dict[str, Report | SampleFile] = {}
        for measure in self.measures:
            samples, tasks = self._answered(measure, checkpoint, context, is_greedy=False)
            outputs[measure.name] = _saved(context, measure.name, samples)
            report[measure.name] = {"sampled": summary(samples), "means": _means(samples, tasks, measure)}
            if measure.num_greedy:
                greedy, _ = self._answered(measure, checkpoint, context, is_greedy=True)
                outputs[f"{measure.name}_greedy"] = _saved(context, f"{measure.name}_greedy", greedy)
                report[measure.name]["greedy"] = summary(greedy)
        write_json(context.folder / "report.json", report)
        return {**outputs, "report": Report(context.folder / "report.json")}

    def _answered(
        self, measure: Measure, checkpoint: Checkpoint, context: Context, *, is_greedy: bool
    ) -> tuple[list[Sample], list[Task[Any]]]:
        env = replace(self.env, split=measure.split)
        source = Sampled(
            name=f"{measure.name}_greedy" if is_greedy else measure.name,
            checkpoint="policy",
            num_tasks=measure.num_greedy if is_greedy else measure.num_tasks,
            num_samples=1 if is_greedy else measure.num_samples,
            max_new_tokens=measure.max_new_tokens,
            temperature=0.0 if is_greedy else measure.temperature,
            top_p=1.0 if is_greedy else measure.top_p,
            form=AsTrained(),
            tasks=measure.tasks,
        )
        request = request_of(source, env, seed=context.seed_for("measuring"))
        samples = sampled_responses(
            request,
            checkpoint,
            context.folder / f"{source.name}.responses.jsonl",
            policy=self.policy,
            env=env,
            engine=self.engine,
            num_rows=self.num_rows,
            show=context.progress(f"{self.name}: {source.name}"),
        )
        return score_samples(samples, request.tasks, measure.reward), list(request.tasks)


def _saved(context: Context, name: str, samples: list[Sample]) -> SampleFile:
    path = context.folder / f"{name}.jsonl"
    write_samples(path, samples)
    return SampleFile(path)


def _means(samples: list[Sample], tasks: list[Task[Any]], measure: Measure) -> dict[str, Any]:
    """Return the mean of each component of the reward and of each truth, over the tasks that have it, with an interval."""
    values: dict[str, list[tuple[str, float]]] = {}
    for sample in samples:
        for component, value in sample.components.items():
            if value is not None:
                values.setdefault(component, []).append((sample.task_id, value))
    if measure.truth is not None:
        judge = cast("Callable[[Task[Any], str], Any]", resolve({}, measure.truth, kind="truth"))
        by_id = {task.task_id: task for task in tasks}
        for sample in samples:
            for name, is_true in asdict(judge(by_id[sample.task_id], sample.response)).items():
                values.setdefault(f"{name}/{sample.domain}", []).append((sample.task_id, float(is_true)))
    return {name: _mean(pairs) for name, pairs in sorted(values.items())}


def _mean(pairs: list[tuple[str, float]]) -> dict[str, float]:
    estimate = clustered_mean([value for _, value in pairs], [task_id for task_id, _ in pairs])
    return {"mean": estimate.value, "low": estimate.low, "high": estimate.high, "n": len(pairs)}
