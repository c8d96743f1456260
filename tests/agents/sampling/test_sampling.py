"""Responses of a checkpoint to tasks: order, thinking that the prompt opens, batches, and what does not fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from chat_templates import FAMILIES
from tiny_policies import save_tiny_policy

from agents.building import build_engine, load_policy
from agents.config import EnvConfig, PolicyConfig
from agents.errors import ConfigError
from agents.policies.tiny import build_tiny_policy
from agents.rollout import ENGINES
from agents.rollout.engine import SamplingParams
from agents.sampling import CheckpointPolicy, checkpoint_hash, sample_responses
from reasonenv.evaluation.command.policy import Policy, Question, Reply, Sampling
from reasonenv.evaluation.command.running import Plan
from reasonenv.prompts import load_template

Key = tuple[str, int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sampling") / "policy"
    save_tiny_policy(path, 0)
    return path


def plan(**settings: Any) -> Plan:
    return Plan.of("chain_arithmetic", **{"template": "plain", "max_tokens": 12, "num_tasks": 5, **settings})


def replies(policy: Policy, asked: Plan, is_wanted=lambda question: True) -> dict[Key, Reply]:
    found: dict[Key, Reply] = {}

    def keep(question: Question, reply: Reply) -> None:
        found[question.key] = reply

    policy.respond(asked.questions(), is_wanted, asked.sampling, keep)
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_each_task_its_own_greedy_response(folder: Path, engine: str) -> None:
    policy = load_policy(PolicyConfig(path=str(folder)), EnvConfig(), seed=0, is_trained=False)
    tasks, template = plan().tasks, load_template("plain")
    made = build_engine(policy, engine)
    params = SamplingParams(max_new_tokens=12, temperature=0.0)
    together = sample_responses(policy, made, tasks, template, params, num_samples=2)
    alone = [sample_responses(policy, made, [task], template, params)[0][0] for task in tasks]
    made.close()
    assert [[one.text for one in group] for group in together] == [[one.text] * 2 for one in alone]


def test_samples_are_the_same_whatever_was_answered_before(folder: Path) -> None:
    asked = plan(num_samples=4, temperature=1.0)
    policy = CheckpointPolicy(str(folder), num_rows=8)
    everything = replies(policy, asked)
    assert len({reply.text for reply in everything.values()}) == 20
    missing = {question.key for question in asked.questions()[5:11]}
    assert replies(policy, asked, lambda question: question.key in missing) == {
        key: reply for key, reply in everything.items() if key in missing
    }


def test_batches_of_which_everything_is_there_are_not_sampled_again(folder: Path) -> None:
    class Counting:
        """The engine "decode" with a count of what it was asked."""

        def __init__(self) -> None:
            self.num_prompts: list[int] = []

        def __call__(self, model: Any, *, pad_token_id: int) -> Any:
            from agents.rollout.decode import DecodeEngine

            engine = DecodeEngine(model, pad_token_id)
            generate = engine.generate

            def counted(prompts: Any, params: Any, *, num_samples: int = 1) -> Any:
                self.num_prompts.append(len(prompts))
                return generate(prompts, params, num_samples=num_samples)

            engine.generate = counted
            return engine

    counting = Counting()
    policy = CheckpointPolicy(str(folder), num_rows=2, engine=counting)
    last = plan().questions()[-1].key
    assert list(replies(policy, plan(), lambda question: question.key == last)) == [last]
    assert counting.num_prompts == [1], "five tasks in batches of two: the last stands alone"


def test_thinking_that_the_chat_template_opens_belongs_to_the_response(folder: Path, tmp_path: Path) -> None:
    model, tokenizer = build_tiny_policy(seed=0)
    tokenizer.add_special_tokens({"additional_special_tokens": list(FAMILIES["r1"].controls)})
    tokenizer.chat_template = FAMILIES["r1"].template
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    found = replies(CheckpointPolicy(str(tmp_path)), plan())
    assert {reply.text[:8] for reply in found.values()} == {"<think>\n"}


@pytest.mark.parametrize(("completions", "form"), [(False, "chat"), (True, "text")])
def test_a_checkpoint_is_asked_in_the_form_that_it_says(folder: Path, completions: bool, form: str) -> None:
    assert CheckpointPolicy(str(folder), completions=completions).identity["form"] == form


def test_without_a_chat_template_the_text_is_continued(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "chat_template.jinja").unlink()
    bare = CheckpointPolicy(str(tmp_path))
    assert bare.identity["form"] == "text"
    assert replies(bare, plan(temperature=0.0)) == replies(
        CheckpointPolicy(str(folder), completions=True), plan(temperature=0.0)
    )


def test_what_does_not_fit_into_the_context_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"do not fit into the model's context of 4096 tokens: ask for fewer"):
        replies(CheckpointPolicy(str(folder)), plan(max_tokens=4096))


def test_an_empty_prompt_is_refused(folder: Path) -> None:
    asked = plan(num_tasks=1).questions()[0]
    empty = Question(task=asked.task, sample=0, text="", messages=asked.messages)
    policy = CheckpointPolicy(str(folder), completions=True)
    with pytest.raises(ConfigError, match="A prompt is empty"):
        policy.respond([empty], lambda question: True, Sampling(max_tokens=4), lambda question, reply: None)


def test_the_hash_tells_weights_apart_and_not_places(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    save_tiny_policy(tmp_path / "other", 1)
    same, other = checkpoint_hash(str(tmp_path / "copy")), checkpoint_hash(str(tmp_path / "other"))
    assert checkpoint_hash(str(folder)) == same != other
    with pytest.raises(ConfigError, match="there is no such folder"):
        checkpoint_hash("no/such/folder")
