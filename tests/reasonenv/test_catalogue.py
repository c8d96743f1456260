"""`python -m reasonenv list` and `show`: what people read, and what they see when they get a name wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from code_parts import sandbox_or_skip

from reasonenv.__main__ import main
from reasonenv.catalogue import KINDS, list_parts, show_part
from reasonenv.catalogue.facts import examples, highest
from reasonenv.prompts import TEMPLATES
from reasonenv.registration import ENVIRONMENTS
from reasonenv.rewards import PRESETS, REWARDS, load_reward
from reasonenv.tasksets import DATA_SETS, TASK_SETS, gold_response, load_tasks
from reasonenv.turns import TURNS
from reasonenv.types import Attempt, CodeReference

TABLES = {
    "environments": ENVIRONMENTS,
    "tasks": sorted(TASK_SETS.keys() - DATA_SETS.keys()),
    "rewards": {**PRESETS, **REWARDS},
    "templates": TEMPLATES,
    "turns": TURNS,
    "data-sets": DATA_SETS,
}
NAMES = [(kind, name) for kind, table in TABLES.items() for name in sorted(table)]
OWN_PARTS = '''
"""Parts of a user."""
from reasonenv import MathReference, PromptTemplate, Task, rule
from reasonenv.tasksets import TaskList

capitals = TaskList("capitals", "train", (Task(task_id="c/0", prompt="1+1=?", reference=MathReference(answer="2")),))
ask = PromptTemplate(name="ask", version=3, text_template="Q: {prompt} A:",
                     message_templates=({"role": "user", "content": "{prompt}"},))

@rule("brevity")
def brevity(task, response):
    """One if the response is short."""
    return float(len(response) < 9)

def once_more(attempt):
    """Asks once more."""
    return None
'''


@pytest.fixture
def own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_parts_of_a_user.py").write_text(OWN_PARTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "own_parts_of_a_user"


@pytest.mark.parametrize("kind", TABLES)
def test_list_names_every_part_of_a_table_in_order(kind: str) -> None:
    listed = [line.split()[0] for line in list_parts(kind).splitlines() if not line.startswith(" ")]
    assert listed == sorted(TABLES[kind])


def test_list_without_a_kind_has_all_of_them() -> None:
    text = list_parts()
    assert all(list_parts(kind) in text for kind in KINDS)


@pytest.mark.parametrize("width", [40, 60, 79, 200])
def test_list_fits_the_width(width: int) -> None:
    assert max(map(len, list_parts(width=width).splitlines())) <= width


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_show_knows_every_name_of_every_table(kind: str, name: str) -> None:
    page = show_part(name, kind=kind)
    assert page.startswith(f"{name} (")
    assert page in show_part(name)


def test_show_gives_each_part_of_one_name() -> None:
    assert [line for line in show_part("r1_zero").splitlines() if line.startswith("r1_zero")] == [
        "r1_zero (reward)",
        "r1_zero (prompt template)",
    ]


def test_show_of_an_environment_has_its_parts_and_its_maximum_reward() -> None:
    page = show_part("reasonenv/MathPython-v0")
    rows = dict(line.strip().split("  ", 1) for line in page.splitlines() if line.startswith("  ") and "  " in line[3:])
    assert {name: text.strip() for name, text in rows.items()} == {
        "tasks": "procedural_math",
        "reward": "accuracy",
        "template": "math_python",
        "turn": "python",
        "max_turns": "6",
        "maximum reward": "1",
    }


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_response_that_is_shown_earns_the_maximum(env_id: str) -> None:
    arguments = ENVIRONMENTS[env_id]
    reward, tasks = load_reward(arguments["reward"]), examples(load_tasks(arguments["tasks"]))
    if any(isinstance(task.reference, CodeReference) for task in tasks):
        sandbox_or_skip()
    answered = {task.task_id: (task, response) for task in tasks if (response := gold_response(task)) is not None}
    assert answered
    for task, response in answered.values():
        breakdown = reward.score([Attempt(task=task, response=response)])[0]
        assert breakdown.components == highest(reward, task)


def test_show_takes_parts_of_your_own(own_parts: str) -> None:
    assert "version  3" in show_part(f"{own_parts}:ask")
    assert "1+1=?" in show_part(f"{own_parts}:capitals")


def test_show_takes_a_file_of_tasks(tmp_path: Path) -> None:
    path = tmp_path / "sums.jsonl"
    path.write_text(json.dumps({"question": "2+3=?", "answer": "5"}), encoding="utf-8")
    assert "2+3=?" in show_part(str(path))


def test_a_function_of_your_own_must_say_what_it_is(own_parts: str) -> None:
    with pytest.raises(
        ValueError, match=r"Say it: .* show tasks\|rewards\|templates\|turns own_parts_of_a_user:once_more"
    ):
        show_part(f"{own_parts}:once_more")
    assert "Asks once more." in show_part(f"{own_parts}:once_more", kind="turns")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "acuracy"], "There is no part called 'acuracy'. Did you mean 'accuracy'? `python -m reasonenv list`"),
        (["show", "rewards", "acuracy"], "Unknown reward 'acuracy'. Did you mean 'accuracy'?"),
        (["show", "reward", "accuracy"], "Unknown kind of part 'reward'. Did you mean 'rewards'?"),
        (["list", "task"], "Unknown kind of part 'task'. Did you mean 'tasks'?"),
        (["show", "no_such_module:part"], "No module named 'no_such_module'"),
    ],
)
def test_wrong_words_get_one_sentence(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reader = subprocess.run(
        f"{sys.executable} -m reasonenv list | head -1", shell=True, capture_output=True, text=True, check=True
    )
    assert (reader.stdout, reader.stderr) == ("ENVIRONMENTS\n", "")


def test_characters_that_the_terminal_lacks_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-m", "reasonenv", "show", "accuracy"]
    assert r"answer \u2261 gold" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_list_needs_nothing_but_the_bare_distribution() -> None:
    absent = "import sys; sys.modules |= dict.fromkeys(('tyro', 'rich', 'torch', 'datasets', 'plotly', 'jinja2'))"
    program = f"{absent}; from reasonenv.__main__ import main; sys.exit(main(['list']) or main(['show', 'r1_zero']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
