"""`python -m reasonenv eval`: a benchmark asked of a policy; `eval rescore` and `eval compare` of what was saved."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from reasonenv.evaluation.command.benchmarks import BENCHMARKS
from reasonenv.evaluation.command.endpoint import Endpoint
from reasonenv.evaluation.command.policy import Policy, load_checkpoint, load_own_policy
from reasonenv.evaluation.command.progress import progress
from reasonenv.evaluation.command.recording import held_alone, replace_samples, settings_path, write_settings
from reasonenv.evaluation.command.report import compared, contaminated_tasks, measured, print_comparison, print_measures
from reasonenv.evaluation.command.running import Plan, ask, check_reward, rescored, scored
from reasonenv.evaluation.command.transport import Retries
from reasonenv.evaluation.samples import read_samples
from reasonenv.installation import require_modules

__all__ = ["COMMANDS", "CheckpointOptions", "Compare", "EndpointOptions", "Evaluate", "Rescore", "parse"]

PROGRAM = "python -m reasonenv eval"


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """How a server is asked."""

    api_key_env: str | None = None
    """The environment variable that holds the key."""
    concurrency: int = 8
    """Requests under way at once."""
    timeout_seconds: float = 1800.0
    """Of one response; one that takes longer is asked once more."""
    num_retries: int = 6
    """Of a request that fails by no fault of its own (429, 5xx, a lost connection), with longer and longer waits."""
    extra: str = "{}"
    """JSON of fields that are added to every request, such as '{"top_k": 20}'; null leaves one out."""


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions:
    """How a checkpoint is sampled."""

    engine: str = "decode"
    """A name in agents.rollout.ENGINES, or "module:attribute"."""
    device: str = "cpu"
    """Any torch device, such as cuda."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """What products are computed in."""
    num_rows: int = 64
    """Responses that are sampled together, and saved together."""


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Evaluate a policy on a benchmark, a task set or a file of tasks; killed and started again, it goes on.

    Sampling is that of DeepSeek-R1's evaluation unless it is given.
    """

    benchmark: str
    """A benchmark, a task set's name, or a file of tasks."""
    policy: str | None = None
    """A checkpoint folder, a hub name, or "module:attribute" of a policy of your own."""
    base_url: str | None = None
    """Of an OpenAI-compatible server, such as http://localhost:8000/v1."""
    model: str | None = None
    """The name under which the server knows the model."""
    completions: bool = False
    """Continue the template's text instead of chatting: for base models."""
    tasks_path: Path | None = None
    """A file or folder with the rows of the benchmark's public data set, in place of the hub."""
    split: str | None = None
    """In place of the benchmark's; of files "all" is the default."""
    num_tasks: int | None = None
    """So many, spread over the benchmark; all by default, and 500 of a generated set."""
    samples: int | None = None
    """Responses to each task (k)."""
    temperature: float | None = None
    """0 is greedy."""
    top_p: float | None = None
    """The mass of the likeliest tokens that are sampled from."""
    max_tokens: int | None = None
    """Of one response."""
    template: str | None = None
    """A prompt template's name, or "module:attribute"."""
    reward: str | None = None
    """A reward's name, or "module:attribute"; by default the one that says whether the answer is right."""
    seed: int = 0
    """Of the sampling."""
    out: Path | None = None
    """Where the responses go: JSON lines, with the settings beside them. A name of its own in runs/eval by default."""
    contamination: Path | None = None
    """A file of what the policy was trained on: tasks that share ten words in a row with it are counted."""
    json: bool = False
    """Print JSON in place of tables."""
    endpoint: EndpointOptions = field(default_factory=EndpointOptions)
    checkpoint: CheckpointOptions = field(default_factory=CheckpointOptions)

    def run(self) -> int:
        """Ask, score, print; return the exit status."""
        if self.contamination is not None and not self.contamination.is_file():
            raise ValueError(f"--contamination {self.contamination}: there is no such file.")
        if self.out is not None and self.out.is_dir():
            raise ValueError(f"--out {self.out} is a folder: name a file, such as {self.out / 'all.jsonl'}.")
        if (
            self.out is not None
            and self.policy is not None
            and self.out.resolve().parent == Path(self.policy).resolve()
        ):
            raise ValueError(f"--out {self.out} is in the folder of the checkpoint, whose files tell which it is.")
        policy = self._policy()
        plan = Plan.of(
            self.benchmark,
            tasks_path=self.tasks_path,
            split=self.split,
            num_tasks=self.num_tasks,
            template=self.template,
            reward=self.reward,
            num_samples=self.samples,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed,
        )
        check_reward(plan)
        contaminated = None if self.contamination is None else contaminated_tasks(plan.tasks, self.contamination)
        path = self.out or _usual_path(self.benchmark, self.policy or f"{self.model}")
        _say(f"{len(plan.tasks)} tasks × {plan.num_samples} responses ({plan.source}); saved in {path}")
        try:
            with held_alone(path):
                with progress("responses") as show:
                    recording = ask(plan, policy, path, show)
                _say(f"Scoring them by {plan.reward}")
                samples = scored(plan, recording)
        except KeyboardInterrupt:
            _say(f"Stopped. What was answered is saved in {path}: the same command goes on.")
            return 130
        measures = measured(samples, plan.tasks, contaminated=contaminated)
        print_measures(measures, title=f"{self.benchmark}: {path}", as_json=self.json)
        return 0

    def _policy(self) -> Policy:
        if (self.policy is None) == (self.base_url is None):
            raise ValueError("Give either --policy (a checkpoint folder or hub name) or --base-url with --model.")
        if self.policy is not None:
            if self.model is not None:
                raise ValueError("--model is the name of a model on a server: give it with --base-url.")
            is_own = re.fullmatch(r"[A-Za-z_][\w.]*:[\w.]+", self.policy) is not None
            options = self.checkpoint
            return (
                load_own_policy(self.policy)
                if is_own
                else load_checkpoint(
                    self.policy,
                    completions=self.completions,
                    engine=options.engine,
                    device=options.device,
                    dtype=options.dtype,
                    num_rows=options.num_rows,
                )
            )
        return self._endpoint()

    def _endpoint(self) -> Policy:
        if self.base_url is None or self.model is None:
            raise ValueError("--base-url needs --model, the name under which the server knows the model.")
        options = self.endpoint
        return Endpoint(
            base_url=self.base_url,
            model=self.model,
            completions=self.completions,
            api_key_env=options.api_key_env,
            concurrency=options.concurrency,
            timeout_seconds=options.timeout_seconds,
            retries=Retries(num_retries=options.num_retries),
            extra=_json_object(options.extra),
        )


@dataclass(frozen=True, kw_only=True)
class Rescore:
    """Score saved responses by another reward, without asking anybody: eval rescore FILE --reward NAME."""

    file: Path
    """Responses as an evaluation saved them, with their settings beside them."""
    reward: str | None = None
    """A reward's name, or "module:attribute"; None scores anew by the same one."""
    out: Path | None = None
    """Where the samples with their new scores go; without it they are only counted."""
    json: bool = False
    """Print JSON in place of tables."""

    def run(self) -> int:
        """Score, print; return the exit status."""
        if self.out is not None and (self.out.exists() or settings_path(self.out).exists()):
            raise ValueError(f"--out {self.out} is there already: name a new file.")
        samples, tasks, settings = rescored(self.file, self.reward)
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            write_settings(self.out, settings)
            replace_samples(self.out, samples)
        print_measures(measured(samples, tasks), title=f"{self.file} by {settings['reward']}", as_json=self.json)
        return 0


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Compare two evaluations of the same tasks, problem by problem: eval compare A B."""

    first: Path
    """Responses with their scores, as an evaluation saved them."""
    second: Path
    """The same of the other one; a positive difference says that it is better."""
    json: bool = False
    """Print JSON in place of tables."""

    def run(self) -> int:
        """Compare, print; return the exit status."""
        comparison = compared(read_samples(self.first), read_samples(self.second))
        print_comparison(comparison, self.first, self.second, as_json=self.json)
        return 0


COMMANDS = {"rescore": Rescore, "compare": Compare}


def parse(arguments: Sequence[str]) -> Evaluate | Rescore | Compare:
    """Return the command that the words behind `eval` stand for.

    Raises:
        SystemExit: the words do not parse (2), or ask for help (0).
        MissingExtraError: the extra "eval" is not installed.
    """
    require_modules(("tyro", "rich", "httpx"), "reasonenv[eval]")
    import tyro

    words, config = list(arguments) or ["--help"], (tyro.conf.PositionalRequiredArgs,)
    if words[0] in COMMANDS:
        return tyro.cli(COMMANDS[words[0]], prog=f"{PROGRAM} {words[0]}", args=words[1:], config=config)
    about = f"{getdoc(Evaluate)}\n\nOf saved responses: eval rescore FILE, eval compare FIRST SECOND."
    names = (
        f"One of {', '.join(BENCHMARKS)}; any other task set (python -m reasonenv list task-sets); or a file of tasks."
    )
    benchmark = Annotated[str, tyro.conf.arg(metavar="BENCHMARK", help=names)]
    named = make_dataclass("Evaluate", [("benchmark", benchmark)], bases=(Evaluate,), frozen=True, kw_only=True)
    return cast("Evaluate", tyro.cli(named, prog=PROGRAM, description=about, args=words, config=config))


def _usual_path(benchmark: str, policy: str) -> Path:
    name = re.sub(r"[^\w.-]+", "-", f"{Path(benchmark).name}-{policy.strip('./')}")
    return Path("runs/eval") / f"{name}.jsonl"


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"--endpoint.extra must be JSON, such as '{{\"top_k\": 20}}'; got {text!r} ({error})."
        ) from error
    if not isinstance(found, dict):
        raise ValueError(f"--endpoint.extra must be a JSON object, such as '{{\"top_k\": 20}}'; got {text!r}.")
    return cast("dict[str, Any]", found)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
