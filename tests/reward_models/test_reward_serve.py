"""Our server, asked by our client and by hand."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from reward_models import HttpRewardModel
from reward_models.http.server import RewardModelServer


class LengthModel:
    """The score is the number of characters of the prompt, plus a hundred per character of the response."""

    name = "length"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def score(self, prompts, responses) -> list[float]:
        self.gate.wait()
        return [
            math.nan if response == "?" else float(len(str(prompt)) + 100 * len(response))
            for prompt, response in zip(prompts, responses, strict=True)
        ]


@contextmanager
def serving(model=None, **settings) -> Iterator[RewardModelServer]:
    with RewardModelServer(model or LengthModel(), port=0, **settings) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("dialect", ["classify", "classify_messages"])
def test_our_client_gets_the_scores_of_the_model(dialect: str) -> None:
    with serving() as server:
        model = HttpRewardModel(server.url, dialect=dialect, model="length", batch_size=2)
        scores = model.score(["abc", "\n\nHuman: hi"], ["a", "bb"])
    assert [score // 100 for score in scores] == [1.0, 2.0]


def test_answer_has_the_form_of_vllm() -> None:
    with serving() as server:
        answer = httpx.post(
            server.url + "/v1/classify", json={"model": "length", "input": "p\n\nAssistant: abc"}
        ).json()
    assert answer["data"] == [{"index": 0, "label": "LABEL_0", "probs": [301.0], "num_classes": 1}]
    assert (answer["object"], answer["model"]) == ("list", "length")


def test_text_is_split_at_the_last_marker_and_messages_are_not_split() -> None:
    conversation = [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a\n\nAssistant: b"}]
    with serving() as server:
        text = httpx.post(server.url + "/classify", json={"input": ["p\n\nAssistant: x\n\nHuman: q\n\nAssistant: b"]})
        turns = httpx.post(server.url + "/classify", json={"messages": conversation})
    assert text.json()["data"][0]["probs"][0] // 100 == 1
    assert turns.json()["data"][0]["probs"][0] // 100 == 15


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"input": []},
        {"input": [1]},
        {"input": "a", "messages": []},
        {"messages": []},
        {"messages": [{"role": "user", "content": "p"}]},
        {"messages": ["p"]},
    ],
    ids=json.dumps,
)
def test_wrong_bodies_are_refused_and_say_what_was_expected(body) -> None:
    with serving() as server:
        answer = httpx.post(server.url + "/classify", json=body)
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]["message"]


def test_a_failed_score_is_an_error_and_not_a_number() -> None:
    with serving() as server:
        model = HttpRewardModel(server.url)
        judgements = model.judge(["p"] * 3, ["a", "?", "b"])
    assert [math.isnan(judgement.value) for judgement in judgements] == [False, True, False]
    assert "422" in judgements[1].failure


def test_too_many_waiting_requests_are_told_to_come_back() -> None:
    model = LengthModel()
    model.gate.clear()
    with serving(model, max_waiting=1) as server:
        first = threading.Thread(target=httpx.post, args=(server.url + "/classify",), kwargs={"json": {"input": "a"}})
        first.start()
        try:
            while not server._turn.locked():
                pass
            answer = httpx.post(server.url + "/classify", json={"input": "a"})
        finally:
            model.gate.set()
            first.join()
        after = httpx.post(server.url + "/classify", json={"input": "a"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert after.status_code == 200


def test_health_and_name_are_told_and_other_paths_are_not_there() -> None:
    with serving() as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/v1/models").json()["data"][0]["id"] == "length"
        assert client.get("/nothing").status_code == 404
        assert client.post("/nothing", json={}).status_code == 404


def test_body_that_is_not_json_or_has_no_length_is_refused() -> None:
    with serving() as server:
        assert httpx.post(server.url + "/classify", content=b"{").status_code == 400
        chunks = httpx.post(server.url + "/classify", content=iter([b"{}"]))
    assert chunks.status_code == 413
