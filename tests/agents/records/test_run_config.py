"""`config.json`: read back without loss, refused with the place that is wrong, compared field by field."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agents.algorithms import GRPO, PPO
from agents.config import EnvConfig, EvaluationConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig, to_json
from agents.errors import CheckpointError
from agents.learner import OptimizerConfig
from agents.recipes.quickstart import quickstart
from agents.recipes.r1_zero import r1_zero
from agents.recipes.sft import sft
from agents.records.run_config import from_json, read_config, require_resumable, write_config
from agents.rollout.engine_configs import DecodeEngineConfig, HFEngineConfig
from reasonenv.errors import ReasonEnvError

RUN = RunConfig(
    name="run",
    phases=(
        SFTConfig(name="cold_start_1", num_steps=1),
        SFTConfig(name="cold_start_2", num_steps=2, worked_share=0.25),
        "before",
        RLConfig(num_steps=80, optimizer=OptimizerConfig(max_grad_norm=math.inf)),
        EvaluationConfig(name="after", num_tasks=7),
    ),
    evaluation=EvaluationConfig(every=5),
)


def stored(folder: Path, config: RunConfig = RUN) -> RunConfig:
    """Write `config.json` of a run in this folder."""
    config = replace(config, output_dir=folder)
    config.folder.mkdir(exist_ok=True)
    write_config(config)
    return config


def edited(folder: Path, *path: str | int, value: Any = None, is_deleted: bool = False) -> Path:
    """Change one place of a stored `config.json`."""
    file = stored(folder).folder / "config.json"
    content = json.loads(file.read_text())
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    if is_deleted:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    file.write_text(json.dumps(content))
    return file.parent


ALGORITHM = ["phases", 3, "algorithm"]
ENGINES = replace(
    RUN,
    phases=(RLConfig(num_steps=1, rollout=RolloutConfig(engine=DecodeEngineConfig(max_rows=3))),),
    evaluation=EvaluationConfig(engine=HFEngineConfig()),
)
CHAT = replace(RUN, env=EnvConfig(use_chat_template=True, chat_template_kwargs={"thinks": False, "n": 3, "date": "1"}))


@pytest.mark.parametrize(
    "config", [RUN, CHAT, ENGINES, quickstart(), quickstart("ppo"), r1_zero("some/model"), sft(), sft("m")]
)
def test_every_run_is_read_back_as_it_was_written(tmp_path: Path, config: RunConfig) -> None:
    config = stored(tmp_path, config)
    assert read_config(config.folder) == config


def test_a_run_is_where_its_folder_is(tmp_path: Path) -> None:
    stored(tmp_path).folder.rename(tmp_path / "moved")
    config = read_config(tmp_path / "moved")
    assert (config.name, config.output_dir, config.folder) == ("moved", tmp_path, tmp_path / "moved")
    require_resumable(config)


@dataclass(frozen=True, kw_only=True)
class OwnAlgorithm:
    """An algorithm of a user's own, which no table knows."""

    strength: float = 1.0


def test_a_class_of_ones_own_is_found_by_module_and_name() -> None:
    written = {"class": f"{__name__}:OwnAlgorithm", "strength": 2.0}
    assert from_json(GRPO | PPO, written, name="rl.algorithm") == OwnAlgorithm(strength=2.0)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["seed"], "many", "seed must be int, got 'many'"),
        (["seed"], True, "seed must be int, got True"),
        (["seed"], 1.0, "seed must be int, got 1.0"),
        (["phases", 3, "num_steps"], None, "phases.3.num_steps must be int, got None"),
        (["phases"], {}, r"phases must be .*RLConfig"),
        (["phases", 3, "optimizer", "betas"], [0.9], r"phases.3.optimizer.betas must be tuple\[float, float\]"),
        (["phases", 3, "optimizer", "schedule"], "linear", "phases.3.optimizer.schedule must be .*'linear'"),
        (["phases", 1, "num_steps"], "2", "phases.1.num_steps must be int"),
        (["phases", 1], 3, "phases.1 must be .*SFTConfig.*, got 3"),
        (["evaluation", "class"], "Evaluation", "evaluation must be a EvaluationConfig, not 'Evaluation'"),
        (
            [*ALGORITHM, "class"],
            "GRPPO",
            r"class of phases.3.algorithm in config.json 'GRPPO'\. Did you mean 'GRPO'",
        ),
        (
            [*ALGORITHM, "class"],
            "os:system",
            "phases.3.algorithm must be a dataclass, but 'os:system' is none",
        ),
        ([*ALGORITHM, "class"], "nowhere:GRPO", "nowhere"),
        (["seed"], -1, "run.seed must be at least 0"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(tmp_path: Path, path: list[Any], value: Any, message: str) -> None:
    folder = edited(tmp_path, *path, value=value)
    with pytest.raises(ReasonEnvError, match=message):
        read_config(folder)


def test_unknown_and_missing_fields_are_named(tmp_path: Path) -> None:
    folder = edited(tmp_path, "evaluation", "evry", value=3)
    with pytest.raises(CheckpointError, match="evaluation has unknown evry: it was written by another version"):
        read_config(folder)
    folder = edited(tmp_path, "phases", 3, "num_steps", is_deleted=True)
    with pytest.raises(CheckpointError, match=r"phases\.3 has no num_steps"):
        read_config(folder)


@pytest.mark.parametrize("name", ["run", "nowhere"])
def test_a_folder_that_is_no_runs_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(CheckpointError, match=r"no folder of a run: it has no config\.json"):
        read_config(tmp_path / name)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = stored(tmp_path).folder
    (folder / "config.json").write_text('{"class": ')
    with pytest.raises(CheckpointError, match=r"config\.json is damaged"):
        read_config(folder)


def test_the_same_run_may_be_resumed(tmp_path: Path) -> None:
    require_resumable(stored(tmp_path))


def with_ppo() -> RunConfig:
    return RUN.with_phase(replace(RUN.rl_phases[0], algorithm=PPO()))


def longer(config: RunConfig, num_steps: int) -> RunConfig:
    return config.with_phase(replace(config.rl_phases[0], num_steps=num_steps))


def test_more_rl_steps_and_other_checkpoints_may_be_asked_for(tmp_path: Path) -> None:
    config = stored(tmp_path)
    require_resumable(replace(longer(config, 85), checkpoint_every=7, keep_checkpoints=3))


def test_fewer_rl_steps_are_refused(tmp_path: Path) -> None:
    config = stored(tmp_path)
    with pytest.raises(CheckpointError, match=r"rl\.num_steps was 80, now 79"):
        require_resumable(longer(config, 79))


def test_more_rl_steps_under_a_schedule_that_depends_on_them_are_refused_with_the_reason(tmp_path: Path) -> None:
    cosine = RLConfig(num_steps=80, optimizer=OptimizerConfig(schedule="cosine"))
    config = stored(tmp_path, RUN.with_phase(cosine))
    with pytest.raises(
        CheckpointError,
        match=r"rl\.num_steps cannot go from 80 to 85: .*schedule='cosine' every learning rate depends",
    ):
        require_resumable(longer(config, 85))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"evaluation": EvaluationConfig(every=6)}, "evaluation.every was 5, now 6"),
        ({"phases": RUN.phases[1:]}, r"cold_start_1.num_steps was 1, now 'absent'"),
        ({"phases": RUN.phases[:3]}, "rl.num_steps was 80, now 'absent'"),
        (
            {"phases": (RUN.phases[1], RUN.phases[0], *RUN.phases[2:])},
            "phases was 'cold_start_1, cold_start_2, before, rl, after', now 'cold_start_2, cold_start_1",
        ),
        ({"phases": with_ppo().phases}, "rl.algorithm.class was 'GRPO', now 'PPO'"),
    ],
)
def test_every_other_difference_is_refused_by_its_name(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    config = stored(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        require_resumable(replace(config, **changes))


def test_death_while_writing_leaves_the_configuration_before(tmp_path: Path) -> None:
    config = stored(tmp_path)
    (config.folder / "config.json.draft").write_text("{")
    assert read_config(config.folder) == config
    write_config(replace(config, seed=4))
    assert json.loads((config.folder / "config.json").read_text()) == to_json(replace(config, seed=4))
