"""What every test runs under: one thread per process, no network, no deadline of hypothesis; skips are counted."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from areas import AREAS, need, required_areas
from hypothesis import settings

# Set before torch or a tokenizer is imported: pytest-xdist already uses every core.
for name, value in {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}.items():
    os.environ.setdefault(name, value)

# `.ci/run` sets CI, so that a run of continuous integration can be repeated; elsewhere every run draws new examples.
settings.register_profile("reasonenv", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("reasonenv")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(area): skip where the machine lacks the area; see tests/parts/areas.py")
    try:
        required_areas()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        need(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was skipped, and why, by area. A module that was skipped before its tests were known counts as one."""
    rows = Counter(area_and_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    if not rows:
        return
    terminalreporter.section("skipped areas")
    terminalreporter.write_line(f"{'area':<10}{'skipped':>9}  reason")
    for (area, reason), count in sorted(rows.items()):
        terminalreporter.write_line(f"{area:<10}{count:>9}  {reason}")


def area_and_reason(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str]:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    area, _, reason = text.removeprefix("Skipped: ").partition(": ")
    return (area, reason) if area in AREAS else ("other", text)
