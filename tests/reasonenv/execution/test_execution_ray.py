"""Judging on a simulated Ray cluster of two nodes, one of which is lost on the way."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from areas import need
from code_parts import HALF, HIDDEN_OUTPUT, RIGHT, STDIN_TASK, TASK, WRONG, attempt, sandbox_or_skip

from reasonenv.errors import MissingExtraError
from reasonenv.execution.jobs import judging_job
from reasonenv.execution.ray import RaySandbox, _raw, _verdict
from reasonenv.execution.types import Limits
from reasonenv.execution.wire.endings import Ending
from reasonenv.rewards.code import CodePassRate
from reasonenv.turns import PublicTests
from reasonenv.types import CallTests, ScoreStatus

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SLOW = "import time\ndef double(x):\n    time.sleep(0.02)\n    return x + x\n"


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes on this machine, each with processes of its own."""
    need("ray")
    sandbox_or_skip()
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_verdicts_are_those_of_a_sandbox_in_order_from_both_nodes(cluster):
    programs = [RIGHT, HALF, WRONG, STDIN_TASK.reference.reference_program] * 20
    tests = [TASK.reference.tests] * 3 + [STDIN_TASK.reference.tests]
    with RaySandbox(1) as sandbox:
        verdicts = sandbox.judge(programs, tests * 20)
        assert len(sandbox._nodes) == 2
        assert [verdict.num_passed for verdict in verdicts] == [4, 2, 1, 2] * 20
        assert {verdict.isolation for verdict in verdicts} <= {"A", "B"}
        assert sandbox.judge([], []) == []
        with pytest.raises(ValueError, match="got 1 and 0"):
            sandbox.judge([RIGHT], [])


def test_a_reward_and_a_turn_take_the_sandbox_of_a_cluster(cluster):
    with RaySandbox(1) as sandbox:
        assert [score.value for score in CodePassRate(sandbox).score([attempt(RIGHT), attempt(HALF)])] == [1.0, 0.5]
        assert PublicTests(sandbox).answer([attempt(RIGHT)]) == [None]


def test_work_of_a_node_that_is_lost_in_mid_batch_is_done_by_the_other_and_counted_once(cluster):
    numbers = list(range(200))
    tests = [CallTests("double", (((number,), 2 * number), ((number + 1,), 2 * number + 2))) for number in numbers]
    with RaySandbox(1, limits=Limits(wall_seconds=16.0)) as sandbox:
        sandbox.judge([RIGHT] * 40, tests[:40])
        assert len(sandbox._nodes) == 2
        loss = threading.Timer(1.0, cluster.remove_node, (cluster.second, False))
        loss.start()
        started = time.monotonic()
        verdicts = sandbox.judge([SLOW] * len(tests), tests)
        assert time.monotonic() - started > 1.0, "the node was lost after the batch"
        loss.join()
        assert [verdict.num_passed for verdict in verdicts] == [2] * len(tests)
        assert {verdict.status for verdict in verdicts} == {ScoreStatus.SCORED}
        assert len(sandbox._nodes) == 1


def test_expected_values_do_not_travel():
    import pickle
    from dataclasses import replace

    job = judging_job(RIGHT, TASK.reference.tests, Limits())
    sent = pickle.dumps(replace(job, interpret=_raw))
    assert str(HIDDEN_OUTPUT).encode() not in sent
    assert HIDDEN_OUTPUT.to_bytes(4, "little") not in sent
    assert RIGHT.encode("unicode_escape")[:10] in sent


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"reasonenv\[ray\]"):
        RaySandbox()


def test_a_node_does_a_job_again_if_any_of_its_jails_was_killed():
    good, killed, limited = Ending(0, 0.1, None), Ending(-9, 0.1, None), Ending(-9, 0.1, "time")
    assert _raw([good, killed]).was_killed
    assert not _raw([good, limited]).was_killed


def test_a_job_that_no_node_finished_has_no_verdict_and_the_others_are_judged_by_the_caller():
    job = judging_job("def f(): return 1", CallTests("f", (((), 1), ((), 2))), Limits())
    lost = _verdict(job, "B", None)
    assert (lost.status, lost.num_tests, lost.isolation) == (ScoreStatus.GRADER_FAILED, 2, "B")
    lines = b'["loaded"]\n["value", "1"]\n["value", "1"]\n'
    judged = _verdict(job, "A", _raw([Ending(0, 0.5, None)], lines))
    assert (judged.status, judged.num_passed, judged.cpu_seconds) == (ScoreStatus.SCORED, 1, 0.5)
