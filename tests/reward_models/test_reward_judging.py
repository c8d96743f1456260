"""Preference pairs from a judge: orders, averages, thresholds, and a judge that fails."""

from __future__ import annotations

import pytest
from faulty_server import running

from reward_models.errors import JudgeError
from reward_models.http.transport import RequestPolicy
from reward_models.training.judging import Candidate, OpenAIJudge, build_pairs, parse_verdict

CANDIDATES = [Candidate(f"q{number}", "long response", "short") for number in range(40)]


def longer(prompt, first: str, second: str) -> float:
    return 2.0 if len(first) > len(second) else -2.0


def test_the_better_response_is_chosen_whatever_the_order_of_the_candidate() -> None:
    report = build_pairs([*CANDIDATES, Candidate("r", "short", "long response")], longer, seed=0)
    assert {(pair.chosen, pair.rejected) for pair in report.pairs} == {("long response", "short")}
    assert (len(report.pairs), report.num_undecided, report.num_failed) == (41, 0, 0)


def test_a_judge_that_always_prefers_the_first_place_decides_few() -> None:
    report = build_pairs(CANDIDATES * 10, lambda prompt, first, second: 2.0, seed=0)
    assert len(report.pairs) / 400 == pytest.approx(2 / 16, abs=0.06)  # all four calls in one order


def test_every_candidate_is_judged_four_times_in_both_orders() -> None:
    orders: list[str] = []
    build_pairs(CANDIDATES, lambda prompt, first, second: orders.append(first) or 0.0, seed=0, max_concurrency=1)
    assert len(orders) == 160
    assert 50 < orders.count("short") < 110


@pytest.mark.parametrize(("verdict", "num_kept"), [(1.0, 0), (1.25, 1), (-1.25, 1), (0.0, 0)])
def test_a_difference_of_one_is_not_enough(verdict: float, num_kept: int) -> None:
    def judge(prompt, first: str, second: str) -> float:
        return verdict if first == "a" else -verdict

    report = build_pairs([Candidate("q", "a", "b")], judge, seed=0)
    assert (len(report.pairs), report.num_undecided) == (num_kept, 1 - num_kept)


def test_same_seed_gives_the_same_orders() -> None:
    def orders(seed: int) -> list[str]:
        seen: list[str] = []
        build_pairs(CANDIDATES, lambda prompt, first, second: seen.append(first) or 0.0, seed=seed, max_concurrency=1)
        return seen

    assert orders(1) == orders(1) != orders(2)


def test_a_candidate_with_one_failed_call_gives_no_pair_and_is_counted() -> None:
    def judge(prompt: str, first: str, second: str) -> float:
        if prompt == "q1" and first == "short":
            raise JudgeError("no verdict")
        return longer(prompt, first, second)

    report = build_pairs(CANDIDATES[:3], judge, seed=3)
    assert (len(report.pairs), report.num_failed) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("[[A>>B]]", 2), ("x [[A>B]].", 1), ("[[A=B]]", 0), ("[[B>A]]", -1), ("not [[A>B]] but [[B>>A]]", -2)],
)
def test_the_last_verdict_counts(answer: str, verdict: float) -> None:
    assert parse_verdict(answer) == verdict


@pytest.mark.parametrize("answer", ["", "A is better", "[A>B]", "[[A>C]]"])
def test_answer_without_verdict_raises(answer: str) -> None:
    with pytest.raises(JudgeError, match="Expected a verdict"):
        parse_verdict(answer)


def test_endpoint_is_asked_in_the_chat_form_and_its_faults_are_survived() -> None:
    policy = RequestPolicy(max_retries=3, backoff_seconds=0.001)
    with running([500, b'{"choices": [{"message": {"content": "no verdict"}}]}']) as server:
        judge = OpenAIJudge(server.url + "/v1/", "judge", api_key="key", policy=policy)
        assert judge("q", "long response", "short") == 2.0
    assert server.headers_seen[0]["Authorization"] == "Bearer key"
    assert [turn["role"] for turn in server.bodies[0]["messages"]] == ["system", "user"]
    assert server.bodies[0]["model"] == "judge"


@pytest.mark.parametrize("answer", [b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[]"])
def test_endpoint_that_answers_in_another_form_is_asked_again(answer: bytes) -> None:
    with running([answer]) as server:
        judge = OpenAIJudge(server.url, "judge", policy=RequestPolicy(backoff_seconds=0.001))
        assert judge("q", "short", "long response") == -2.0
    assert len(server.bodies) == 2
    assert "Authorization" not in server.headers_seen[0]


def test_pairs_are_built_by_a_judge_behind_an_endpoint() -> None:
    with running([503]) as server:
        judge = OpenAIJudge(server.url, "judge", policy=RequestPolicy(backoff_seconds=0.001))
        report = build_pairs([*CANDIDATES[:3], Candidate("even", "same", "also")], judge, seed=0)
    assert [(pair.prompt, pair.chosen, pair.rejected) for pair in report.pairs] == [
        (f"q{number}", "long response", "short") for number in range(3)
    ]
    assert (report.num_undecided, report.num_failed) == (1, 0)
    assert len(server.bodies) == 17


def test_endpoint_that_never_answers_raises_judge_error() -> None:
    with running([500] * 9) as server:
        judge = OpenAIJudge(server.url, "judge", policy=RequestPolicy(max_retries=1, backoff_seconds=0.001))
        with pytest.raises(JudgeError, match="2 attempts"):
            judge("q", "a", "b")
