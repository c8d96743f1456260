"""Our server, asked by our client and by hand."""

from __future__ import annotations

import json
import math
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from reward_models import HttpRewardModel, SafetyExample, SafetyModel
from reward_models.embedded.linear import fit_labels
from reward_models.http.server import MAX_BODY_BYTES, RewardModelServer
from reward_models.http.transport import RequestPolicy


class LengthModel:
    """The score is the number of characters of the prompt, plus a hundred per character of the response."""

    name = "length"

    def __init__(self, *, bias: float = 0.0, pause_seconds: float = 0.0) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.bias, self.pause_seconds = bias, pause_seconds
        self.num_running = self.max_running = 0

    def score(self, prompts, responses) -> list[float]:
        self.num_running += 1
        self.max_running = max(self.max_running, self.num_running)
        self.gate.wait()
        time.sleep(self.pause_seconds)
        self.num_running -= 1
        return [
            math.nan if response == "?" else self.bias + len(str(prompt)) + 100 * len(response)
            for prompt, response in zip(prompts, responses, strict=True)
        ]


@contextmanager
def ended(process: subprocess.Popen) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


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
        {"messages": [{"role": "assistant", "content": 1}]},
        {"messages": [{"content": "a"}]},
        {"messages": "a"},
        {"input": {"text": "a"}},
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


def test_error_has_the_form_of_vllm() -> None:
    with serving() as server:
        answer = httpx.post(server.url + "/nothing", json={})
    assert answer.json() == {"error": {"message": "no /nothing here", "type": "Not Found", "code": 404}}


def test_infinite_score_is_an_error_too() -> None:
    with serving(LengthModel(bias=math.inf)) as server:
        assert httpx.post(server.url + "/classify", json={"input": "a"}).status_code == 422


def test_connection_stays_open_after_an_answer_and_after_an_error() -> None:
    with serving() as server, httpx.Client(base_url=server.url, limits=httpx.Limits(max_connections=1)) as client:
        statuses = [client.post("/classify", json=body).status_code for body in ({}, {"input": "a"}, {"input": "?"})]
    assert statuses == [400, 200, 422]


@pytest.mark.parametrize("length", ["-1", "x", "\xb2", "1e3", str(MAX_BODY_BYTES + 1), "9" * 5000, "+1"])
def test_length_that_is_none_or_too_much_is_refused_before_reading(length: str) -> None:
    with serving() as server, socket.create_connection(server.server_address[:2], timeout=10) as client:
        client.sendall(f"POST /classify HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
        answer = client.makefile("rb").read()  # ends because the server closes the connection
    assert answer.split()[1] == b"413"


def test_nesting_too_deep_to_decode_is_refused() -> None:
    with serving() as server:
        answer = httpx.post(server.url + "/classify", content=b"[" * 100_000)
    assert answer.status_code == 400


def test_model_is_asked_by_one_request_at_a_time() -> None:
    model = LengthModel(pause_seconds=0.02)
    with serving(model) as server:
        scores = HttpRewardModel(server.url, "classify_messages").score(["p"] * 8, ["a"] * 8)
    assert [score // 100 for score in scores] == [1.0] * 8
    assert model.max_running == 1


def test_model_that_raises_is_a_server_error_with_its_words_and_gives_its_place_back(capfd) -> None:
    model = LengthModel(bias="not a number")
    with serving(model, max_waiting=1) as server, httpx.Client(base_url=server.url) as client:
        for _ in range(3):
            answer = client.post("/classify", json={"input": "a"})
            assert answer.status_code == 500
            assert answer.json()["error"]["message"].startswith("the model raised TypeError: can only concatenate str")
        model.bias = 0.0
        assert client.post("/classify", json={"input": "a"}).status_code == 200
    assert capfd.readouterr().err.count("TypeError: can only concatenate str") == 3


@pytest.mark.parametrize("scores", [[], [1.0, 2.0], ["much"], None])
def test_scores_of_another_form_are_a_server_error_too(scores, capfd) -> None:
    model = LengthModel()
    model.score = lambda prompts, responses: scores
    with serving(model) as server:
        answer = httpx.post(server.url + "/classify", json={"input": "a"})
    assert answer.status_code == 500
    assert "Error: " in answer.json()["error"]["message"]
    assert "Traceback" in capfd.readouterr().err


def test_request_that_was_turned_away_is_scored_by_the_client_later() -> None:
    with serving(LengthModel(pause_seconds=0.02), max_waiting=1) as server:
        policy = RequestPolicy(max_retries=50, max_backoff_seconds=0.05)
        model = HttpRewardModel(server.url, "classify_messages", policy=policy)
        assert [score // 100 for score in model.score(["p"] * 6, ["a"] * 6)] == [1.0] * 6


def test_command_line_serves_a_saved_model_until_interrupted(tmp_path) -> None:
    examples = [SafetyExample(f"q{n}", ("good", "evil")[n % 2], is_unsafe=n % 2 == 1) for n in range(24)]
    saved = SafetyModel(fit_labels(examples, ridges=(1.0,))[0], name="mine")
    saved.save(tmp_path / "model")
    program = (  # a shell may have started the tests with SIGINT ignored, which children inherit
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from reward_models.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "serve", str(tmp_path / "model"), "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        ended(process),
    ):
        assert process.stdout is not None
        name, _, url = process.stdout.readline().strip().partition(" at ")
        served = HttpRewardModel(url.removesuffix("/classify"), "classify_messages").score(["q", "q"], ["good", "evil"])
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (name, process.returncode, errors) == ("mine", 0, "stopped\n")
    assert served == saved.score(["q", "q"], ["good", "evil"])


def test_closing_answers_what_is_scored_turns_away_what_waits_and_leaves_no_thread() -> None:
    model, statuses = LengthModel(), {}
    model.gate.clear()

    def ask(name: str) -> None:
        statuses[name] = httpx.post(server.url + "/classify", json={"input": "a"}).status_code

    others = set(threading.enumerate())  # servers of other tests may still be closing
    clients = [threading.Thread(target=ask, args=(name,)) for name in ("scored", "waiting")]
    with serving(model) as server, httpx.Client(base_url=server.url) as idle:
        idle.get("/health")
        clients[0].start()
        while not server._turn.locked():
            pass
        clients[1].start()
        while server._places._value != 62:
            pass
        new = set(threading.enumerate()) - others
        handlers = [thread for thread in new if "process_request_thread" in thread.name]
        threading.Timer(0.1, model.gate.set).start()
    for client in clients:
        client.join()
    assert statuses == {"scored": 200, "waiting": 503}
    assert len(handlers) >= 3
    assert not any(thread.is_alive() for thread in handlers)


def test_body_that_is_not_json_or_has_no_length_is_refused() -> None:
    with serving() as server:
        assert httpx.post(server.url + "/classify", content=b"{").status_code == 400
        chunks = httpx.post(server.url + "/classify", content=iter([b"{}"]))
    assert chunks.status_code == 413
