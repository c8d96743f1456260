"""HTTP scorers against a real server on loopback that is slow, overloaded, broken, or talks nonsense."""

from __future__ import annotations

import math
import socket
import time
from email.utils import formatdate
from itertools import pairwise

import httpx
import pytest
from faulty_server import running

from reward_models import Calibration, HttpRewardModel, RewardModel
from reward_models.base import JudgedPart
from reward_models.calibration import sigmoid
from reward_models.http import DIALECTS, Dialect
from reward_models.http.transport import RequestPolicy, _retry_after

QUICK = RequestPolicy(timeout_seconds=5.0, max_retries=2, backoff_seconds=0.01, max_backoff_seconds=0.05)


def client(server, **settings) -> HttpRewardModel:
    settings = {"dialect": "score", "model": "m", "policy": QUICK, "batch_size": 2, **settings}
    return HttpRewardModel(server.url, **settings)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_scores_in_order_over_several_batches(dialect: str) -> None:
    with running() as server:
        scores = client(server, dialect=dialect, render=lambda prompt, text: text).score(
            ["p"] * 5, ["a", "bb", "ccc", "dddd", "<think>x</think>eeeee"]
        )
    assert scores == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("classify", {"model": "m", "input": ["p\n\nAssistant: a", "q\n\nAssistant: b"], "use_activation": False}),
        (
            "pooling",
            {
                "model": "m",
                "input": ["p\n\nAssistant: a", "q\n\nAssistant: b"],
                "task": "classify",
                "use_activation": False,
            },
        ),
        ("score", {"model": "m", "queries": ["p", "q"], "documents": ["a", "b"], "use_activation": False}),
        ("score_pairs", {"model": "m", "text_1": ["p", "q"], "text_2": ["a", "b"], "use_activation": False}),
        ("predict", {"inputs": [["p\n\nAssistant: a"], ["q\n\nAssistant: b"]], "raw_scores": True, "truncate": False}),
    ],
)
def test_request_body_is_exactly_that_of_the_server(dialect: str, body: dict) -> None:
    with running() as server:
        client(server, dialect=dialect).score(["p", "q"], ["a", "b"])
    assert server.bodies == [body]


def test_messages_are_sent_one_conversation_at_a_time() -> None:
    conversation = [{"role": "system", "content": "s"}, {"role": "user", "content": "p"}]
    with running() as server:
        client(server, dialect="classify_messages").score([conversation], ["a"])
    messages = [*conversation, {"role": "assistant", "content": "a"}]
    assert server.bodies == [{"model": "m", "messages": messages, "use_activation": False}]


@pytest.mark.parametrize(
    "fault",
    [
        *(408, 409, 425, 429, 500, 502, 503, 504),
        "cut",
        b"not json",
        b'{"data": []}',
        b'{"data": [{"index": 0, "score": 1.0}]}',
        b'{"data": [{"score": 1.0}, {"score": 2.0}, {"score": 3.0}]}',
        b'{"data": [{"index": 0, "score": 1}, {"index": 0, "score": 2}]}',
        b'{"data": [{"index": 0, "score": "1"}, {"index": 1, "score": 2}]}',
        b'{"data": [{"index": 0, "score": NaN}, {"index": 1, "score": 2}]}',
        b"[1, 2]",
        b'{"data": [1, 2]}',
        b'{"data": [{"index": "a", "score": 1}, {"index": 1, "score": 2}]}',
        b'{"data": [{"score": true}, {"score": 2}]}',
        b'{"data": [{"score": 1' + b"0" * 400 + b'}, {"score": 2}]}',
        b"[" * 100_000,
        "not gzip",
        (429, "0"),
        (503, formatdate(0, usegmt=True)),
    ],
    ids=str,
)
def test_one_fault_is_survived_and_two_answers_arrive(fault) -> None:
    with running([fault]) as server:
        model = client(server)
        assert model.score(["p", "q"], ["a", "bb"]) == [1.0, 2.0]
    assert len(server.bodies) == 2
    assert (model.counts.num_scored, model.counts.num_failed) == (2, 0)


@pytest.mark.parametrize("fault", [429, 500, "cut", b"not json"], ids=str)
def test_when_retries_run_out_every_response_of_the_batch_fails_with_the_reason_and_others_are_scored(fault) -> None:
    with running([fault] * 3) as server:
        model = client(server, policy=RequestPolicy(max_retries=2, backoff_seconds=0.001, max_concurrency=1))
        judgements = model.judge(["p"] * 3, ["a", "bb", "ccc"])
    assert [math.isnan(judgement.value) for judgement in judgements] == [True, True, False]
    assert "3 attempts" in judgements[0].failure
    assert (model.counts.num_failed, model.counts.num_scored) == (2, 1)


def test_slow_server_counts_as_a_fault() -> None:
    with running(["slow"]) as server:
        policy = RequestPolicy(timeout_seconds=0.1, max_retries=2, backoff_seconds=0.001)
        assert client(server, policy=policy).score(["p"], ["abc"]) == [3.0]
    assert len(server.bodies) >= 2


def test_deadline_ends_a_call_that_retries_would_stretch() -> None:
    with running([500] * 1000) as server:
        policy = RequestPolicy(max_retries=10_000, backoff_seconds=0.01, deadline_seconds=0.2)
        judgement = client(server, policy=policy).judge(["p"], ["a"])[0]
    assert math.isnan(judgement.value)
    assert f"in {len(server.bodies)} attempts" in judgement.failure


def test_after_the_deadline_nothing_is_sent() -> None:
    with running() as server:
        judgements = client(server, policy=RequestPolicy(deadline_seconds=0.0)).judge(["p"] * 3, ["a"] * 3)
    assert server.bodies == []
    assert all("the deadline had passed" in judgement.failure for judgement in judgements)


def test_server_that_answers_after_the_deadline_is_not_waited_for() -> None:
    with running() as server:
        server.pause_seconds = 20.0
        start = time.monotonic()
        judgement = client(server, policy=RequestPolicy(deadline_seconds=3.0)).judge(["p"], ["a"])[0]
        seconds = time.monotonic() - start
    assert "in 1 attempts: ReadTimeout" in judgement.failure
    assert seconds < 15


def test_what_a_server_asks_to_wait_replaces_the_pause_and_is_bounded() -> None:
    with running([(503, "0"), (429, "60")]) as server:
        policy = RequestPolicy(backoff_seconds=60.0, max_backoff_seconds=0.3)
        start = time.monotonic()
        assert client(server, policy=policy).score(["p"], ["a"]) == [1.0]
        seconds = time.monotonic() - start
    assert 0.3 <= seconds < 30


def test_pauses_double_up_to_their_bound() -> None:
    with running([500] * 5) as server:
        policy = RequestPolicy(max_retries=5, backoff_seconds=0.04, max_backoff_seconds=0.08)
        assert client(server, policy=policy).score(["p"], ["a"]) == [1.0]
    gaps = [later - earlier for earlier, later in pairwise(server.times)]
    assert gaps[0] >= 0.04
    assert all(gap >= 0.08 for gap in gaps[1:])


def test_pauses_stay_bounded_over_more_attempts_than_a_float_can_double() -> None:
    with running([500] * 1100) as server:
        policy = RequestPolicy(max_retries=1100, backoff_seconds=1e-5, max_backoff_seconds=1e-4)
        assert client(server, policy=policy).score(["p"], ["a"]) == [1.0]


def test_text_that_cannot_be_encoded_fails_alone_and_at_once() -> None:
    with running() as server:
        judgements = client(server, batch_size=4).judge(["p"] * 3, ["a", "\ud800", "ccc"])
    assert [judgements[0].value, judgements[2].value] == [1.0, 3.0]
    assert "cannot be sent" in judgements[1].failure


def test_clipped_values_are_counted_over_all_batches() -> None:
    with running() as server:
        model = client(server, batch_size=1, calibration=Calibration(clip=2.0))
        assert model.score(["p"] * 6, ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]) == [1.0] + [2.0] * 5
    assert (model.counts.num_clipped, model.counts.num_scored) == (4, 6)


def test_own_dialect_is_taken() -> None:
    def body(model: HttpRewardModel, rows) -> dict:
        return {"documents": [model.render(prompt, text) for prompt, text in rows]}

    def parse(model: HttpRewardModel, answer) -> list[float]:
        return [-row["score"] for row in answer["data"]]

    with running() as server:
        model = client(server, dialect=Dialect("/score", body, parse, max_batch=1), batch_size=9)
        assert model.score(["p", "q"], ["", "b"]) == [-14.0, -15.0]
    assert len(server.bodies) == 2


def test_nothing_listens() -> None:
    model = HttpRewardModel(f"http://127.0.0.1:{free_port()}", policy=QUICK)
    judgement = model.judge(["p"], ["a"])[0]
    assert math.isnan(judgement.value)
    assert "ConnectError" in judgement.failure


def test_a_refused_response_fails_alone_and_is_not_asked_for_again() -> None:
    with running() as server:
        judgements = client(server, batch_size=4).judge(["p"] * 4, ["a", "x" * 501, "ccc", "dddd"])
    values = [judgement.value for judgement in judgements]
    assert values[0::2] + values[3:] == [1.0, 3.0, 4.0]
    assert "400" in judgements[1].failure
    assert len(server.bodies) == 5


def test_no_more_requests_run_at_once_than_allowed() -> None:
    with running() as server:
        server.pause_seconds = 0.02
        policy = RequestPolicy(max_concurrency=3)
        client(server, policy=policy, batch_size=1).score(["p"] * 12, ["a"] * 12)
    assert 1 < server.max_running <= 3


def test_tei_labels_are_told_apart_by_name_because_it_sorts_them() -> None:
    answer = b'[[{"label": "unsafe", "score": 2.5}, {"label": "safe", "score": -1.0}]]'
    with running([answer, answer, answer, answer]) as server:
        by_name = client(server, dialect="predict", label="safe", to_value=sigmoid)
        assert by_name.score(["p"], ["a"]) == [pytest.approx(sigmoid(-1.0))]
        by_position = client(server, dialect="predict")
        assert "several labels" in by_position.judge(["p"], ["a"])[0].failure


def test_output_is_picked_calibrated_and_clipped() -> None:
    answer = b'{"data": [{"probs": [0.0, 9.0]}]}'
    with running([answer]) as server:
        model = client(server, dialect="classify", label=1, calibration=Calibration(mean=1.0, std=2.0, clip=3.0))
        assert model.score(["p"], ["a"]) == [3.0]
    assert model.counts.num_clipped == 1


def test_headers_are_sent_and_the_full_response_is_judged_if_asked() -> None:
    with running() as server:
        model = client(server, headers={"Authorization": "Bearer key"}, judged_part=JudgedPart.FULL_RESPONSE)
        assert model.score(["p"], ["<think>a</think>b"]) == [17.0]
    assert server.headers_seen[0]["Authorization"] == "Bearer key"


def test_wait_that_a_server_asks_for_is_read_as_number_or_date() -> None:
    def wait(value: str) -> float:
        return _retry_after(httpx.Response(429, headers={"Retry-After": value}), otherwise=2.5)

    assert wait("7") == 7.0
    assert 50 < wait(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert wait(formatdate(0, usegmt=True)) == 0.0
    assert wait("soon") == wait("-1") == wait("Thu, 01 Jan 99999 00:00:00 GMT") == 2.5
    assert _retry_after(httpx.Response(429), otherwise=2.5) == 2.5


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="Unknown dialect 'clasify'"):
        HttpRewardModel("http://localhost", dialect="clasify")
    with pytest.raises(ValueError, match="batch_size"):
        HttpRewardModel("http://localhost", batch_size=0)
    assert isinstance(HttpRewardModel("http://localhost"), RewardModel)
    assert HttpRewardModel("http://localhost").score([], []) == []
