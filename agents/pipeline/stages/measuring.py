"""How good a checkpoint is on held-out tasks: every response is saved, and its figures are in a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from agents.config import Engine, EnvConfig, PolicyConfig, Rewards, Tasks
from agents.errors import check_at_least
from agents.pipeline.artefacts import Checkpoint, Report, SampleFile, write_json
from agents.pipeline.collection.prompts import AsTrained
from agents.pipeline.collection.sources import Sampled, request_of, sampled_responses
from agents.pipeline.stage import Context, Inputs, Outputs
from reasonenv.evaluation.accuracy import mean_rate, problem_means
from reasonenv.evaluation.behaviour import measure_behaviour
from reasonenv.evaluation.intervals import mean_interval
from reasonenv.evaluation.samples import Sample, score_samples, write_samples
from reasonenv.evaluation.summary import summary
from reasonenv.tables import resolve
from reasonenv.types import Task

__all__ = ["Measure", "Measuring", "problem_values", "with_truth"]


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
            if measure.truth is not None:
                samples = with_truth(samples, tasks, measure.truth)
            outputs[measure.name] = _saved(context, measure.name, samples)
            estimates = {name: _estimate(means) for name, means in problem_values(samples).items()}
            report[measure.name] = {"sampled": summary(samples), "estimates": estimates}
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


def with_truth(samples: Sequence[Sample], tasks: Sequence[Task[Any]], truth: str) -> list[Sample]:
    """Return the samples with what is true of each response in `extras["truth"]`.

    Raises:
        UnknownNameError, PartImportError: there is no such judgement.
    """
    judge = cast("Callable[[Task[Any], str], Any]", resolve({}, truth, kind="truth"))
    by_id = {task.task_id: task for task in tasks}
    return [
        replace(sample, extras={**sample.extras, "truth": asdict(judge(by_id[sample.task_id], sample.response))})
        for sample in samples
    ]


def problem_values(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Return what is measured of responses, by name and then by task: the mean over the responses to it.

    "right", "tokens", "reflections", "language", "form"; "reward/NAME" for each component of the reward, and
    "truth/NAME/DOMAIN" for each truth.
    """
    found: dict[str, Callable[[Sample], float | None]] = {
        "right": lambda sample: None if sample.is_right is None else float(sample.is_right),
        "tokens": lambda sample: sample.response_tokens,
    }
    behaviours = measure_behaviour([each.response for each in samples], [each.language for each in samples])
    by_key = {sample.key: behaviour for sample, behaviour in zip(samples, behaviours, strict=True)}
    found["language"] = lambda sample: by_key[sample.key].language_share
    found["form"] = lambda sample: float(by_key[sample.key].has_form)
    found["reflections"] = lambda sample: by_key[sample.key].num_reflections
    for name in sorted({name for sample in samples for name in sample.components}):
        found[f"reward/{name}"] = lambda sample, name=name: sample.components.get(name)
    for name, domain in sorted({(name, str(each.domain)) for each in samples for name in each.extras.get("truth", ())}):
        found[f"truth/{name}/{domain}"] = lambda sample, name=name, domain=domain: (
            float(sample.extras["truth"][name]) if str(sample.domain) == domain else None
        )
    values = {name: problem_means(samples, value) for name, value in found.items()}
    return {name: means for name, means in values.items() if means}


def _estimate(means: Mapping[str, float]) -> dict[str, Any]:
    """Return the mean over problems with its interval; that of what is no rate by the bootstrap."""
    values = list(means.values())
    if all(0 <= value <= 1 for value in values):
        return mean_rate(means).as_dict()
    mean = math.fsum(values) / len(values)
    low, high = mean_interval(values) if len(values) > 1 else (None, None)
    return {"value": mean, "low": low, "high": high, "num_problems": len(values)}
