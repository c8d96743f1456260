"""Refining and judging by a model behind a server: a real one on loopback, which answers what it is told to."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agents.pipeline.collection.hooks import EndpointJudge, EndpointRefiner, judged
from reasonenv.errors import EndpointError
from reasonenv.evaluation.command.endpoint import Endpoint
from reasonenv.evaluation.command.transport import Retries
from reasonenv.evaluation.samples import Sample

SAMPLE = Sample(
    task_id="sum/0", prompt="2+3=?", sample=0, response="<think>it is 5</think><answer>5</answer>", gold="5"
)


@contextmanager
def server(answer):
    """Serve chat completions: `answer` makes (text or message, finish reason) of the last message, or a failure."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._send({"data": [{"id": "teacher"}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["messages"][-1]["content"])
            answered = answer(asked[-1])
            if answered is None:
                return self._send({"error": "out of order"}, status=500)
            message, reason = answered
            message = {"content": message} if isinstance(message, str) else message
            return self._send({"choices": [{"message": message, "finish_reason": reason}]})

        def _send(self, value, status=200):
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield Endpoint(base_url=f"http://127.0.0.1:{serving.server_address[1]}/v1", model="teacher"), asked
        finally:
            serving.shutdown()
            thread.join()


def test_a_refiner_shows_question_and_response_and_takes_what_comes_back():
    with server(lambda text: ("<think>I add two and three.</think><answer>5</answer>", "stop")) as (endpoint, asked):
        found = EndpointRefiner(endpoint=endpoint).refine([SAMPLE])
    assert found == ["<think>I add two and three.</think><answer>5</answer>"]
    assert SAMPLE.prompt in asked[0]
    assert SAMPLE.response in asked[0]


def test_a_refinement_that_was_cut_off_rejects_the_sample():
    with server(lambda text: ("<think>I add", "length")) as (endpoint, _):
        assert EndpointRefiner(endpoint=endpoint).refine([SAMPLE]) == [None]


REFINED = "<think>I add two and three.</think><answer>5</answer>"


@pytest.mark.parametrize(
    "reply",
    [
        REFINED,
        f"Here it is:\n{REFINED}",
        f"<think>The user wants a rewrite. I keep every step.</think>\n\n{REFINED}",
        {"content": REFINED, "reasoning_content": "The user wants a rewrite."},
    ],
)
def test_what_a_refiner_thinks_and_says_before_is_no_part_of_the_response(reply):
    with server(lambda text: (reply, "stop")) as (endpoint, _):
        assert EndpointRefiner(endpoint=endpoint).refine([SAMPLE]) == [REFINED]


def test_a_refiner_that_says_nothing_rejects_the_sample():
    with server(lambda text: ("", "stop")) as (endpoint, _):
        assert EndpointRefiner(endpoint=endpoint).refine([SAMPLE]) == [None]


@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
@pytest.mark.parametrize("reply", ["Is it RIGHT? Let me see,", "<think>RIGHT or WRONG"])
def test_a_judgement_that_was_cut_off_or_refused_is_none(reply, finish_reason):
    with server(lambda text: (reply, finish_reason)) as (endpoint, _):
        assert EndpointJudge(endpoint=endpoint).judge([SAMPLE]) == [None]


def test_a_judge_that_only_thinks_says_nothing():
    thought = {"content": None, "reasoning_content": "RIGHT, I think"}
    with server(lambda text: (thought, "stop")) as (endpoint, _):
        assert EndpointJudge(endpoint=endpoint).judge([SAMPLE]) == [None]


def test_a_server_that_fails_is_an_error_and_no_verdict():
    with server(lambda text: None) as (endpoint, asked):
        failing = replace(endpoint, retries=Retries(num_retries=1, first_wait_seconds=0.01))
        for ask in (EndpointJudge(endpoint=failing).judge, EndpointRefiner(endpoint=failing).refine):
            with pytest.raises(EndpointError, match="500"):
                ask([SAMPLE])
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("答案一致，判定：RIGHT。", True),
        ("答案不同，所以WRONG", False),
        ("**RIGHT**", True),
        ("UPRIGHT", None),
        ("Both say 5. RIGHT", True),
        ("It says 6. WRONG", False),
        ("<think>RIGHT?</think> No: WRONG", False),
        ("I cannot tell.", None),
    ],
)
def test_the_last_word_of_a_judge_counts(reply, verdict, tmp_path):
    with server(lambda text: (reply, "stop")) as (endpoint, asked):
        [found] = judged([replace(SAMPLE, is_right=None)], EndpointJudge(endpoint=endpoint), tmp_path / "judged.jsonl")
    assert found.is_right is verdict
    assert "Reference answer: 5" in asked[0]


def test_braces_in_a_question_are_shown_as_they_are():
    with server(lambda text: ("RIGHT", "stop")) as (endpoint, asked):
        EndpointJudge(endpoint=endpoint).judge([replace(SAMPLE, prompt=r"What is {gold} in \boxed{}?")])
    assert r"Question: What is {gold} in \boxed{}?" in asked[0]
