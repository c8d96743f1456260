"""Programs that grade: what they load, and what is left of their workers when they end."""

import subprocess
import sys
import time

from test_grading_pool import is_alive, run, wait_until_dead


def test_program_without_a_main_guard_grades_and_leaves_no_process_behind():
    program = r"""
from reasonenv.grading.math.grade import grade_answers
from reasonenv.grading.pool import shared_pool
assert grade_answers([r"\int_0^1 2x dx"], [r"\int_0^1 (x+x) dx"], timeout_seconds=60)[0].score == 1
print(*shared_pool().process_ids)
"""
    process_ids = [int(word) for word in run(program).split()]
    assert process_ids
    assert not any(is_alive(process_id) for process_id in process_ids)


def test_workers_end_when_their_parent_is_killed_even_in_the_middle_of_a_comparison():
    program = """
import time
from reasonenv.grading.pool import Comparison, shared_pool
pool = shared_pool()
pool.compare([Comparison("2x", "x+x")], timeout_seconds=60, num_workers=1)
print(*pool.process_ids, flush=True)
pool.compare([Comparison("1", "10^{10^{10^{10}}}")], timeout_seconds=2, num_workers=1)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    process_ids = [int(word) for word in parent.stdout.readline().split()]
    assert all(is_alive(process_id) for process_id in process_ids)
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_dead(process_ids)


def test_importing_the_grader_loads_no_computer_algebra():
    program = """
import sys
import reasonenv.rewards, reasonenv.grading.math.grade
from reasonenv.rewards import load_reward
load_reward("r1_zero")
print(sorted({"sympy", "math_verify", "torch"} & set(sys.modules)))
"""
    assert run(program).strip() == "[]"
