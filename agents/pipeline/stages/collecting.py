"""Samples to learn from: sampled or given, refined, scored, judged, filtered; each rejected one with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FunctionType
from typing import Any

from agents.config import Engine, EnvConfig, PolicyConfig, Rewards
from agents.errors import ConfigError
from agents.pipeline.artefacts import Checkpoint, Report, SampleFile, write_json, write_rows
from agents.pipeline.collection.filters import FilterSource, apply_filters
from agents.pipeline.collection.hooks import judged, refined
from agents.pipeline.collection.records import Origin, TrainingSample, text_hash
from agents.pipeline.collection.sources import Given, Sampled, Source, given_samples, request_of, sampled_responses
from agents.pipeline.stage import Context, Inputs, Outputs
from reasonenv.evaluation.samples import Sample, score_samples
from reasonenv.prompts import PromptTemplate, load_template
from reasonenv.types import Task

__all__ = ["Collecting"]


@dataclass(frozen=True, kw_only=True)
class Collecting:
    """A stage that makes data.

    Outputs: "samples" (what `SFTConfig.samples` reads), "rejected" (the same rows, each with its reason), and "counts"
    (per source: how many there were, and what became of them).
    """

    name: str
    inputs: Mapping[str, str]
    """Each checkpoint that a source names."""
    sources: tuple[Source, ...]
    env: EnvConfig
    """Tasks, the template and form in which the data asks them, and the reward that says what is right."""
    reward: Rewards
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    """Device and precision of sampling."""
    engine: Engine = "decode"
    num_rows: int = 512
    """Responses that are sampled together; what is drawn depends on it."""

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"Stage {self.name!r} needs sources, each with a name of its own; got {names}.")

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Collect from one source after the other.

        Raises:
            ConfigError: nothing passed the filters, or a source cannot be asked.
        """
        kept: list[TrainingSample] = []
        rejected: list[TrainingSample] = []
        counts: dict[str, dict[str, int]] = {}
        for source in self.sources:
            found = self._collected(source, inputs, context)
            kept += [sample for sample in found if sample.rejected is None]
            rejected += [sample for sample in found if sample.rejected is not None]
            reasons = Counter(sample.rejected or "kept" for sample in found)
            counts[source.name] = {"sampled": len(found), **dict(sorted(reasons.items()))}
            context.console.print(f"{self.name}: {source.name} {counts[source.name]}", highlight=False)
        if not kept:
            raise ConfigError(f"Stage {self.name!r} kept none of its samples: {counts}. Loosen the filters.")
        write_rows(context.folder / "samples.jsonl", (sample.row() for sample in kept))
        write_rows(context.folder / "rejected.jsonl", (sample.row() for sample in rejected))
        write_json(context.folder / "counts.json", counts)
        return {
            "samples": SampleFile(context.folder / "samples.jsonl"),
            "rejected": SampleFile(context.folder / "rejected.jsonl"),
            "counts": Report(context.folder / "counts.json"),
        }

    def _collected(self, source: Source, inputs: Inputs, context: Context) -> list[TrainingSample]:
        seed = context.seed_for("collecting", self.name)
        if isinstance(source, Given):
            pairs = list(given_samples(source, self.env, seed=seed))
            samples, tasks = [sample for _, sample in pairs], [task for task, _ in pairs]
            origins = [Origin(source=source.name, task_id=each.task_id, sample=each.sample) for each in samples]
        else:
            checkpoint = inputs.checkpoint(source.checkpoint)
            samples, tasks, sampling = self._sampled(source, checkpoint, context, seed)
            origins = [_origin(source, sample, checkpoint, sampling) for sample in samples]
        texts = [sample.response for sample in samples]
        samples, reasons = self._judged(source, samples, tasks, context.folder)
        by_id, template = {task.task_id: task for task in tasks}, load_template(self.env.template or "r1_zero")
        return [
            TrainingSample(
                **self._asked(by_id[sample.task_id], template),
                response=sample.response,
                weight=source.weight,
                origin=origin if sample.response == text else replace(origin, parent=text_hash(text)),
                components=sample.components,
                filters=() if reason else tuple(map(_filter_name, source.filters)),
                rejected=reason,
            )
            for sample, origin, text, reason in zip(samples, origins, texts, reasons, strict=True)
        ]

    def _asked(self, task: Task[Any], template: PromptTemplate) -> dict[str, Any]:
        if self.env.use_chat_template:
            return {"messages": template.messages(task)}
        return {"prompt": template.text(task)}

    def _sampled(
        self, source: Sampled, checkpoint: Checkpoint, context: Context, seed: int
    ) -> tuple[list[Sample], list[Task[Any]], Mapping[str, Any]]:
        request = request_of(source, self.env, seed=seed)
        samples = sampled_responses(
            request,
            checkpoint,
            context.folder / f"{source.name}.responses.jsonl",
            policy=self.policy,
            env=self.env,
            engine=self.engine,
            num_rows=self.num_rows,
            show=context.progress(f"{self.name}: {source.name}"),
        )
        return samples, list(request.tasks), asdict(request.sampling)

    def _judged(
        self, source: Source, samples: list[Sample], tasks: Sequence[Task[Any]], folder: Path
    ) -> tuple[list[Sample], list[str | None]]:
        """Refine, score, judge and filter; return the samples in their order, and why each is rejected.

        Nothing can be learned from an empty response, whatever the filters are.
        """
        reasons: list[str | None] = [None] * len(samples)
        if isinstance(source, Sampled) and source.refine is not None:
            responses = refined(samples, source.refine, folder / f"{source.name}.refined.jsonl")
            reasons = ["not_refined" if response is None else None for response in responses]
            samples = [
                sample if response is None else replace(sample, response=response)
                for sample, response in zip(samples, responses, strict=True)
            ]
        reasons = [
            "empty" if reason is None and not sample.response.strip() else reason
            for reason, sample in zip(reasons, samples, strict=True)
        ]
        samples = score_samples(samples, tasks, self.reward)
        if isinstance(source, Sampled) and source.judge is not None:
            samples = judged(samples, source.judge, folder / f"{source.name}.judged.jsonl")
        places = [place for place, reason in enumerate(reasons) if reason is None]
        for place, reason in zip(places, apply_filters([samples[p] for p in places], source.filters), strict=True):
            reasons[place] = reason
        return samples, reasons


def _origin(source: Sampled, sample: Sample, checkpoint: Checkpoint, sampling: Mapping[str, Any]) -> Origin:
    return Origin(
        source=source.name,
        task_id=sample.task_id,
        sample=sample.sample,
        checkpoint=checkpoint.sha256,
        sampling=sampling,
        prompt_form=type(source.form).__name__,
    )


def _filter_name(source: FilterSource) -> str:
    if isinstance(source, str):
        return source
    return source.__name__ if isinstance(source, FunctionType) else type(source).__name__
