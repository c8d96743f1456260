"""Policies behind a server on loopback, with a tiny model in it: what is asked, what is joined, and what fails how."""

from __future__ import annotations

import json
from email.utils import formatdate
from pathlib import Path

import pytest
from openai_server import MODEL, save_chat_policy, serving

from reasonenv.errors import EndpointError
from reasonenv.evaluation.command.endpoint import Endpoint
from reasonenv.evaluation.command.policy import Question, Reply, Sampling, load_checkpoint
from reasonenv.evaluation.command.running import Plan
from reasonenv.evaluation.command.transport import Retries, retry_seconds

QUICK = Retries(num_retries=3, first_wait_seconds=0.01, max_wait_seconds=0.05)
GREEDY = {"template": "plain", "temperature": 0.0, "max_tokens": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("endpoint") / "policy"
    save_chat_policy(path)
    return path


def replies(policy, plan: Plan, is_wanted=lambda question: True) -> dict[tuple[str, int], Reply]:
    found: dict[tuple[str, int], Reply] = {}

    def keep(question: Question, reply: Reply) -> None:
        found[question.key] = reply

    policy.respond(plan.questions(), is_wanted, plan.sampling, keep)
    return found


def endpoint(server, **settings) -> Endpoint:
    return Endpoint(**{"base_url": server.url, "model": MODEL, "retries": QUICK, "timeout_seconds": 20.0, **settings})


@pytest.mark.parametrize("completions", [False, True])
def test_greedy_replies_are_those_of_the_checkpoint_folder(folder: Path, completions: bool) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=5, **GREEDY)
    with serving(folder) as server:
        served = replies(endpoint(server, completions=completions), plan)
    assert served == replies(load_checkpoint(str(folder), completions=completions, num_rows=2), plan)


def test_samples_of_one_task_differ_and_come_again_whatever_else_is_asked(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=2, num_samples=3, template="plain", temperature=1.0, max_tokens=16)
    with serving(folder) as server:
        everything = replies(endpoint(server), plan)
        one = replies(endpoint(server), plan, lambda question: question.key == ("chain_arithmetic/test/00001", 2))
    assert len({reply.text for reply in everything.values()}) == 6
    assert one == {("chain_arithmetic/test/00001", 2): everything["chain_arithmetic/test/00001", 2]}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_thinking_in_a_field_of_its_own_is_joined_again(folder: Path, field: str) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=2, num_samples=24, template="plain", temperature=1.0, max_tokens=24)
    with serving(folder) as server:
        whole = replies(endpoint(server), plan)
    with serving(folder, thinking_field=field) as server:
        joined = replies(endpoint(server), plan)
    assert any("</think>" in reply.text for reply in whole.values()), "no response that ends its thinking"
    for key, reply in whole.items():
        thinking, _, content = reply.text.partition("</think>")
        unfinished = f"<think>{thinking}" if thinking else ""
        assert joined[key].text == (f"<think>{thinking}</think>{content}" if content and thinking else unfinished)


@pytest.mark.parametrize(
    "fault", [429, 500, 503, (429, "0"), "cut", b"{}", b"no JSON", b'{"choices": []}', b"\xff", b"[1]"]
)
def test_a_request_that_fails_by_no_fault_of_its_own_is_sent_again(folder: Path, fault) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=2, **GREEDY)
    with serving(folder) as server:
        undisturbed = replies(endpoint(server), plan)
    with serving(folder, [fault, None, fault]) as server:
        assert replies(endpoint(server), plan) == undisturbed
        assert len(server.bodies) == 4


def test_a_server_that_goes_on_failing_is_an_error_that_says_how(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with (
        serving(folder, [500] * 4) as server,
        pytest.raises(EndpointError, match=r"no usable answer in 4 .*status 500"),
    ):
        replies(endpoint(server), plan)


def test_what_is_under_way_when_a_request_fails_is_kept(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=6, **GREEDY)
    kept: list[Question] = []
    with serving(folder, [None, 400]) as server:
        server.pause_seconds = 0.2
        policy = endpoint(server, concurrency=3)
        with pytest.raises(EndpointError, match="400"):
            policy.respond(plan.questions(), lambda question: True, plan.sampling, lambda one, _: kept.append(one))
        assert len(server.bodies) in (3, 4)  # one more where an answer comes before the refusal
    assert len(kept) == len(server.bodies) - 1


def test_never_more_requests_are_under_way_than_allowed(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=9, **GREEDY)
    with serving(folder) as server:
        server.pause_seconds = 0.05
        replies(endpoint(server, concurrency=3), plan)
        assert server.max_running == 3


def test_a_response_that_takes_too_long_is_asked_once_more_and_then_an_error(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with serving(folder) as server:
        server.pause_seconds = 0.5
        policy = endpoint(server, timeout_seconds=0.1)
        with pytest.raises(EndpointError, match=r"2 attempts: none within 0.1 seconds \(--endpoint.timeout-seconds\)"):
            replies(policy, plan)
        assert len(server.bodies) == 2


def test_a_response_that_comes_byte_by_byte_takes_too_long(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with serving(folder, ["drip"] * 4) as server, pytest.raises(EndpointError, match="2 attempts: none within"):
        replies(endpoint(server, timeout_seconds=0.3), plan)


def refused(server, plan: Plan, **settings) -> str:
    with pytest.raises(EndpointError) as error:
        replies(endpoint(server, **settings), plan)
    return str(error.value)


def test_errors_say_what_to_do(folder: Path, monkeypatch) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    monkeypatch.setenv("WRONG_KEY", "sk-wrong")
    with serving(folder) as server:
        unknown = refused(server, plan, model="tny")
        assert "has no model 'tny'. Did you mean 'tiny'? It offers: tiny, tiny-base." in unknown
        assert "mostly ends in /v1" in refused(server, plan, base_url=server.url.removesuffix("/v1"))
        long = Plan.of("chain_arithmetic", num_tasks=1, template="plain", max_tokens=300)
        assert "do not fit into the model's context: ask for fewer tokens" in refused(server, long)
    with serving(folder, key="sk-right") as server:
        assert "given one (none): set an environment variable" in refused(server, plan)
        shown = refused(server, plan, api_key_env="WRONG_KEY")
        assert "that of WRONG_KEY" in shown
        assert "sk-wrong" not in shown
    assert f"No server answers at {server.url}/models" in refused(server, plan)


def test_a_key_is_sent_and_no_part_of_the_settings(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("RIGHT_KEY", "sk-right")
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with serving(folder, key="sk-right") as server:
        policy = endpoint(server, api_key_env="RIGHT_KEY")
        assert len(replies(policy, plan)) == 1
    assert "sk-right" not in f"{policy.identity} {policy!r}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "localhost:8000/v1"}, "must be an http or https address"),
        ({"base_url": "http://localhost:99999/v1"}, "must be an http or https address"),
        ({"base_url": "http://localhost:port/v1"}, "must be an http or https address"),
        ({"base_url": "https://me:secret@host/v1"}, "must hold no password or key"),
        ({"timeout_seconds": 0}, "timeout-seconds must be above 0, got 0"),
        ({"extra": {"n": 2, "stream": True, "model": "b"}}, r"must leave out \['model', 'n', 'stream'\]"),
        ({"api_key_env": "NOT_SET_ANYWHERE"}, "variable 'NOT_SET_ANYWHERE'.* is not set"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Endpoint(**{"base_url": "http://localhost:8000/v1", "model": MODEL, **settings})


@pytest.mark.parametrize("key", ["sk-secret\n", " sk-secret", "sk-secret-é", "sk\rsecret"])
def test_a_key_that_no_request_can_carry_is_refused_and_not_shown(key: str, monkeypatch) -> None:
    monkeypatch.setenv("BROKEN_KEY", key)
    with pytest.raises(ValueError, match="'BROKEN_KEY' holds no key") as error:
        Endpoint(base_url="http://localhost:8000/v1", model=MODEL, api_key_env="BROKEN_KEY")
    assert "secret" not in str(error.value)


def test_extra_fields_are_added_and_null_leaves_one_out(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with serving(folder) as server:
        replies(endpoint(server, extra={"top_k": 20, "seed": None}), plan)
    assert server.bodies[0]["top_k"] == 20
    assert "seed" not in server.bodies[0]


def chat(**message) -> bytes:
    reason = message.pop("finish_reason", "stop")
    return json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode()


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (chat(content="5"), Reply(text="5", finish_reason="stop")),
        (chat(content=None, refusal="No."), Reply(text="No.", finish_reason="stop", is_refused=True)),
        (
            chat(content="", finish_reason="content_filter"),
            Reply(text="", finish_reason="content_filter", is_refused=True),
        ),
        (
            chat(content="<think>2+3</think>5", reasoning="2+3"),
            Reply(text="<think>2+3</think>5", finish_reason="stop"),
        ),
        (chat(content="5", reasoning_content=None, reasoning=""), Reply(text="5", finish_reason="stop")),
    ],
)
def test_forms_of_an_answer(folder: Path, answer: bytes, reply: Reply) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    with serving(folder, [answer]) as server:
        assert list(replies(endpoint(server), plan).values()) == [reply]


def test_completions_begin_with_the_thinking_that_the_prompt_opened(folder: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, **GREEDY)
    question = plan.questions()[0]
    opened = Question(task=question.task, sample=0, text=f"{question.text}<think>\n", messages=question.messages)
    kept: list[Reply] = []
    with serving(folder) as server:
        endpoint(server, completions=True).respond(
            [opened], lambda one: True, Sampling(max_tokens=8, temperature=0), lambda _, reply: kept.append(reply)
        )
    assert kept[0].text.startswith("<think>\n")


def test_the_number_of_retries_is_not_negative() -> None:
    with pytest.raises(ValueError, match="num-retries must be at least 0, got -1"):
        Retries(num_retries=-1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 7.0), ("3", 3.0), ("900", 60.0), ("soon", 7.0), ("-5", 7.0), (formatdate(0, usegmt=True), 0.0)],
)
def test_retry_after_is_followed_within_the_longest_wait(header: str | None, seconds: float) -> None:
    assert retry_seconds(header, 7.0, 60.0) == seconds
