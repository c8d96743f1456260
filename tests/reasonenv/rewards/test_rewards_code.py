"""Rewards of programs, in the real sandbox."""

from __future__ import annotations

import math
import os
import pickle

import pytest
from code_parts import (
    HALF,
    HIDDEN_OUTPUT,
    RIGHT,
    SLOW,
    STDIN_TASK,
    TASK,
    WRONG,
    attempt,
    in_form,
    sandbox_or_skip,
)

from reasonenv import Attempt, MathReference, ScoreStatus, Task, load_reward, load_tasks
from reasonenv.execution import CodeVerdict, Limits, Sandbox
from reasonenv.execution.shared import shared_sandbox
from reasonenv.rewards.code import CodeAllPassed, CodeEfficiency, CodePassRate
from reasonenv.types import CallTests, CodeReference

pytestmark = pytest.mark.usefixtures("_needs_sandbox")


@pytest.fixture
def _needs_sandbox():
    sandbox_or_skip()


@pytest.mark.parametrize(("program", "rate"), [(RIGHT, 1.0), (HALF, 0.5), (WRONG, 0.25), ("def other(): ...\n", 0.0)])
def test_pass_rate_is_the_share_of_hidden_tests_passed(program, rate):
    (score,) = CodePassRate().score([attempt(program)])
    assert score.value == rate
    assert score.status is ScoreStatus.SCORED
    assert (score.details["num_passed"], score.details["num_tests"]) == (4 * rate, 4)


def test_details_count_the_statuses_of_the_tests():
    (score,) = CodePassRate().score([attempt(HALF)])
    assert score.details["statuses"] == {"passed": 2, "wrong_answer": 2}


@pytest.mark.parametrize(("program", "value"), [(RIGHT, 1.0), (HALF, 0.0), (WRONG, 0.0)])
def test_all_passed_pays_nothing_for_a_part(program, value):
    assert CodeAllPassed().score([attempt(program)])[0].value == value


@pytest.mark.parametrize("reward", [CodePassRate(), CodeAllPassed(), CodeEfficiency()])
@pytest.mark.parametrize(
    "response",
    ["", RIGHT, f"```\n{RIGHT}```", f"```python\n{RIGHT}", f"<think>```python\n{RIGHT}```", f"```c\n{RIGHT}```"],
)
def test_a_response_without_program_scores_zero_and_says_so(reward, response):
    (score,) = reward.score([Attempt(task=TASK, response=response)])
    assert score.value == 0.0
    assert score.details == {"has_program": False}


def test_the_last_program_counts():
    response = f"First:\n```python\n{WRONG}```\nBetter:\n```python\n{RIGHT}```\n"
    assert CodeAllPassed().score([Attempt(task=TASK, response=response)])[0].value == 1.0


def test_programs_that_read_standard_input_are_judged_by_what_they_print():
    programs = (STDIN_TASK.reference.reference_program, "print(5)\n")
    scores = CodePassRate().score([attempt(program, STDIN_TASK) for program in programs])
    assert [score.value for score in scores] == [1.0, 0.5]


@pytest.mark.parametrize("program", ["while True: pass\n", "import os; os._exit(0)\n", "raise SystemExit(0)\n", "(\n"])
def test_a_hostile_program_is_a_wrong_program_and_not_a_failed_grader(program):
    with Sandbox(1, limits=Limits(cpu_seconds=0.5, wall_seconds=4.0)) as sandbox:
        (score,) = CodePassRate(sandbox).score([attempt(program)])
    assert (score.value, score.status) == (0.0, ScoreStatus.SCORED)
    assert sum(score.details["statuses"].values()) == 4


def test_details_hold_no_hidden_value():
    (score,) = CodePassRate().score([attempt("def double(x):\n    raise ValueError(x)\n")])
    assert str(HIDDEN_OUTPUT) not in repr(score.details)


def test_equal_programs_for_one_task_run_once():
    class Counting:
        def __init__(self):
            self.num_programs = 0

        def judge(self, programs, tests):
            self.num_programs += len(programs)
            return shared_sandbox().judge(programs, tests)

    counting = Counting()
    scores = CodePassRate(counting).score([attempt(RIGHT), attempt(WRONG), attempt(RIGHT), attempt(RIGHT)])
    assert [score.value for score in scores] == [1.0, 0.25, 1.0, 1.0]
    assert counting.num_programs == 2


def test_equal_programs_for_tasks_with_one_id_are_kept_apart():
    other = Task(task_id=TASK.task_id, prompt="?", reference=CodeReference(tests=CallTests("double", (((1,), 3),))))
    scores = CodePassRate().score([attempt(RIGHT), attempt(RIGHT, other)])
    assert [score.value for score in scores] == [1.0, 0.0]


def test_as_fast_as_the_reference_is_full_efficiency_and_much_slower_is_little():
    quick, slow, wrong = CodeEfficiency().score([attempt(RIGHT), attempt(SLOW), attempt(WRONG)])
    assert quick.value > 0.5
    assert 0.0 < slow.value < 0.3
    assert wrong.value == 0.0
    assert slow.details["reference_cpu_seconds"] < slow.details["cpu_seconds"]


class FixedTimes:
    """A judge that passes every program, with the processor times that it is given in turn."""

    def __init__(self, *batches):
        self.batches = list(batches)

    def judge(self, programs, tests):
        return [
            CodeVerdict(num_passed=1, num_tests=1, cases=(), isolation="A", cpu_seconds=seconds)
            for seconds, _, _ in zip(self.batches.pop(0), programs, tests, strict=True)
        ]


def test_noise_of_a_fiftieth_of_a_second_decides_nothing_between_programs_that_take_no_time():
    none, some, more = attempt(RIGHT), attempt(f"{RIGHT}# 1\n"), attempt(f"{RIGHT}# 2\n")
    scores = CodeEfficiency(FixedTimes([0.0, 0.01, 0.02], [0.0])).score([none, some, more])
    assert [score.value for score in scores] == pytest.approx([1.0, 0.02 / 0.03, 0.5])
    (score,) = CodeEfficiency(FixedTimes([0.0], [0.01])).score([none])
    assert score.value == 1.0


class Verdicts:
    """A judge that gives the verdicts of one batch after the other, and keeps how many programs it was asked about."""

    def __init__(self, *batches):
        self.batches, self.sizes = list(batches), []

    def judge(self, programs, tests):
        self.sizes.append(len(programs))
        return self.batches.pop(0)


def verdict(num_passed, status=ScoreStatus.SCORED):
    return CodeVerdict(num_passed=num_passed, num_tests=4, cases=(), isolation="A", cpu_seconds=0.1, status=status)


def test_all_but_one_of_many_tests_is_not_all():
    almost = CodeVerdict(num_passed=999, num_tests=1000, cases=(), isolation="A", cpu_seconds=0.1)
    rewards = CodePassRate(Verdicts([almost])), CodeAllPassed(Verdicts([almost])), CodeEfficiency(Verdicts([almost]))
    assert [reward.score([attempt(RIGHT)])[0].value for reward in rewards] == [0.999, 0.0, 0.0]


def test_an_executor_that_broke_on_the_reference_is_a_failed_grader_whatever_it_counted():
    judge = Verdicts([verdict(4)], [verdict(4, ScoreStatus.GRADER_FAILED)])
    (score,) = CodeEfficiency(judge).score([attempt(RIGHT)])
    assert score.status is ScoreStatus.GRADER_FAILED


BROKEN = verdict(0, ScoreStatus.GRADER_FAILED)


def test_program_that_breaks_the_executor_alone_and_twice_has_failed_its_tests():
    judge = Verdicts([verdict(4), BROKEN], [BROKEN], [verdict(4)])
    right, breaking = CodePassRate(judge).score([attempt(RIGHT), attempt(WRONG)])
    assert (right.value, breaking.value, breaking.status) == (1.0, 0.0, ScoreStatus.SCORED)
    assert judge.sizes == [2, 1, 1]


def test_program_that_met_a_broken_executor_once_is_judged_again():
    (score,) = CodeAllPassed(Verdicts([BROKEN], [verdict(4)])).score([attempt(RIGHT)])
    assert score.value == 1.0


def test_executor_that_breaks_on_the_tasks_own_program_too_is_a_failed_grader():
    (score,) = CodeAllPassed(Verdicts([BROKEN], [BROKEN], [BROKEN])).score([attempt(RIGHT)])
    assert score.status is ScoreStatus.GRADER_FAILED


def test_only_references_of_solved_tasks_are_run():
    judge = Verdicts([verdict(3), verdict(0)])
    scores = CodeEfficiency(judge).score([attempt(RIGHT), attempt(WRONG)])
    assert [score.value for score in scores] == [0.0, 0.0]
    assert judge.sizes == [2]


def test_efficiency_without_reference_program_is_refused():
    task = Task(task_id="x/0", prompt="?", reference=CodeReference(tests=TASK.reference.tests))
    with pytest.raises(ValueError, match=r"needs a reference program, but task 'x/0' has none"):
        CodeEfficiency().score([attempt(RIGHT, task)])


def test_a_reference_that_fails_its_own_tests_is_a_failed_grader():
    reference = CodeReference(tests=TASK.reference.tests, reference_program=WRONG)
    (score,) = CodeEfficiency().score([attempt(RIGHT, Task(task_id="x/0", prompt="?", reference=reference))])
    assert score.status is ScoreStatus.GRADER_FAILED
    assert math.isnan(score.value)


@pytest.mark.parametrize("reward", [CodePassRate(), CodeAllPassed(), CodeEfficiency()])
def test_a_task_without_tests_is_refused(reward):
    task = Task(task_id="sum/0", prompt="2+3=?", reference=MathReference(answer="5"))
    with pytest.raises(TypeError, match="needs a CodeReference, but task 'sum/0' has a MathReference"):
        reward.score([attempt(RIGHT, task)])


def test_the_preset_pays_tests_and_form_alike():
    responses = (in_form(RIGHT), in_form(WRONG), f"```python\n{RIGHT}```", RIGHT)
    breakdowns = load_reward("r1_code").score([Attempt(task=TASK, response=response) for response in responses])
    assert [breakdown.total for breakdown in breakdowns] == [2.0, 1.0, 1.0, 0.0]


def test_a_fork_has_a_sandbox_of_its_own():
    shared_sandbox().judge([RIGHT], [TASK.reference.tests])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            (score,) = CodePassRate().score([attempt(RIGHT)])
            os.write(writing, str(score.value).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"1.0"
    os.close(reading)
    assert CodePassRate().score([attempt(HALF)])[0].value == 0.5


def test_a_pickled_reward_uses_the_sandbox_of_its_process():
    with Sandbox(1) as sandbox:
        copied = pickle.loads(pickle.dumps(CodePassRate())) if sandbox else None
    assert copied.score([attempt(HALF)])[0].value == 0.5


def test_every_reference_of_the_mixture_earns_the_full_reward():
    tasks = load_tasks("procedural_code", split="test")
    solved = [attempt(tasks[index].reference.reference_program, tasks[index]) for index in range(140)]
    assert {breakdown.total for breakdown in load_reward("r1_code").score(solved)} == {2.0}
