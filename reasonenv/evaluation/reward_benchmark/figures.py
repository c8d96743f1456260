"""The plots of the report, as the JSON that plotly's JavaScript draws: one function per plot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reasonenv.evaluation.reward_benchmark.results import BenchmarkResult, Confusion, GraderResult, Rate

COLORS = ("#2563eb", "#ea580c", "#059669", "#9333ea", "#dc2626", "#0891b2", "#a16207", "#64748b")
_GRID = "#e5e7eb"

Figure = dict[str, Any]


def figures(result: BenchmarkResult) -> dict[str, Figure]:
    """Return every plot that has something to show, by the name of its place in the page."""
    plots = {
        "overall": _overall(result.graders),
        "missed": _by_type(result.graders, lambda confusion: confusion.false_negatives, "right answers refused"),
        "accepted": _by_type(result.graders, lambda confusion: confusion.false_positives, "wrong answers accepted"),
        "exploits": _exploits(result),
        "latency": _latency(result.graders),
        "agreement": _agreement(result),
    }
    return {name: figure for name, figure in plots.items() if figure["data"]}


def _layout(height: int, **changes: Any) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 10, "r": 20, "t": 10, "b": 10},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 13, "color": "#1f2937"},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "hoverlabel": {"bgcolor": "white"},
        **changes,
    }


def _axis(title: str = "", **changes: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "gridcolor": _GRID, "zeroline": False, "automargin": True, **changes}


def _overall(graders: Sequence[GraderResult]) -> Figure:
    """Draw precision and recall as dots with their intervals."""
    rates = [[grader.overall.precision, grader.overall.recall] for grader in graders]
    return {
        "data": _dots_of_all(graders, ["Precision", "Recall"], rates),
        "layout": _layout(
            130 + 2 * (24 + 22 * len(graders)),
            xaxis=_axis("share, with 95% Wilson interval", tickformat=".1%"),
            yaxis=_category_axis(["Precision", "Recall"]),
        ),
    }


def _by_type(graders: Sequence[GraderResult], rate_of: Callable[[Confusion], Rate], title: str) -> Figure:
    """Draw a rate in one row per answer type."""
    types = list(graders[0].by_type)
    if not types:
        return {"data": [], "layout": {}}
    rates = [[rate_of(confusion) for confusion in grader.by_type.values()] for grader in graders]
    return {
        "data": _dots_of_all(graders, types, rates),
        "layout": _layout(
            110 + len(types) * (12 + 10 * len(graders)),
            xaxis=_axis(title, tickformat=".0%", range=[-0.02, 1.02], side="bottom"),
            yaxis=_category_axis(types),
        ),
    }


def _dots_of_all(
    graders: Sequence[GraderResult], labels: Sequence[str], rates: Sequence[Sequence[Rate]]
) -> list[dict[str, Any]]:
    return [
        _dots(grader.label, labels, own, _color(index), offset=_offset(index, len(graders)))
        for index, (grader, own) in enumerate(zip(graders, rates, strict=True))
    ]


def _dots(name: str, labels: Sequence[str], rates: Sequence[Rate], color: str, *, offset: float) -> dict[str, Any]:
    shown = [(position, rate) for position, rate in enumerate(rates) if not math.isnan(rate.value)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [rate.value for _, rate in shown],
        "y": [position + offset for position, _ in shown],
        "error_x": {
            "type": "data",
            "array": [rate.high - rate.value for _, rate in shown],
            "arrayminus": [rate.value - rate.low for _, rate in shown],
            "thickness": 1.5,
            "width": 0,
            "color": color,
        },
        "marker": {"color": color, "size": 8},
        "customdata": [[labels[position], rate.num, rate.total] for position, rate in shown],
        "hovertemplate": "%{customdata[0]}: %{x:.1%} (%{customdata[1]} of %{customdata[2]})<extra>" + name + "</extra>",
    }


def _category_axis(labels: Sequence[str]) -> dict[str, Any]:
    """Put categories at whole numbers from the top, so that several dots fit beside each other."""
    return _axis(
        tickvals=list(range(len(labels))), ticktext=list(labels), range=[len(labels) - 0.4, -0.6], showgrid=False
    )


def _exploits(result: BenchmarkResult) -> Figure:
    """Draw how many exploits of each kind were rewarded, without the kinds of which none was."""
    kinds = Counter(exploit.kind for exploit in result.exploits.values() if exploit.expected == 0)
    rewarded = [Counter(result.exploits[name].kind for name in grader.exploits_rewarded) for grader in result.graders]
    totals = sum(rewarded, Counter[str]())
    order = [kind for kind, _ in totals.most_common()]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": grader.label,
                "y": [f"{kind} ({kinds[kind]})" for kind in order],
                "x": [counts[kind] for kind in order],
                "marker": {"color": _color(index)},
                "hovertemplate": "%{y}: %{x} rewarded<extra>" + grader.label + "</extra>",
            }
            for index, (grader, counts) in enumerate(zip(result.graders, rewarded, strict=True))
            if order
        ],
        "layout": _layout(
            110 + len(order) * (12 + 9 * len(result.graders)),
            barmode="group",
            bargap=0.3,
            xaxis=_axis("exploits rewarded", rangemode="tozero", dtick=_step(rewarded)),
            yaxis=_axis(showgrid=False, autorange="reversed"),
        ),
    }


def _step(counts: Sequence[Mapping[str, int]]) -> int:
    return max(1, max((number for count in counts for number in count.values()), default=0) // 8)


def _latency(graders: Sequence[GraderResult]) -> Figure:
    """Draw the share of responses that were scored within a time."""
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": grader.label,
                "x": [1000 * seconds for seconds in grader.latency_percentiles_seconds],
                "y": [percent / 100 for percent in range(101)],
                "line": {"color": _color(index), "width": 2, "shape": "hv"},
                "hovertemplate": "%{y:.1%} within %{x:.3g} ms<extra>" + grader.label + "</extra>",
            }
            for index, grader in enumerate(graders)
            if grader.latency_percentiles_seconds
        ],
        "layout": _layout(
            380,
            xaxis=_axis("milliseconds per response (logarithmic)", type="log", dtick=1),
            yaxis=_axis("share of responses", tickformat=".0%", range=[0, 1.02]),
        ),
    }


def _agreement(result: BenchmarkResult) -> Figure:
    """Draw the share of decisions in which two graders agree; nothing for a single grader."""
    names = [grader.label for grader in result.graders]
    heatmap = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [list(row) for row in result.agreement],
        "zmin": min(0.5, *(value for row in result.agreement for value in row)),
        "zmax": 1,
        "colorscale": [[0, "#fff7ed"], [0.5, "#93c5fd"], [1, "#1d4ed8"]],
        "texttemplate": "%{z:.1%}",
        "xgap": 3,
        "ygap": 3,
        "showscale": False,
        "hovertemplate": "%{y} and %{x} decide alike on %{z:.1%}<extra></extra>",
    }
    layout = _layout(
        90 + 70 * len(names),
        xaxis=_axis(showgrid=False, side="top"),
        yaxis=_axis(showgrid=False, autorange="reversed"),
    )
    return {"data": [heatmap] if len(names) > 1 else [], "layout": layout}


def _color(index: int) -> str:
    return COLORS[index % len(COLORS)]


def _offset(index: int, count: int) -> float:
    return (index - (count - 1) / 2) * min(0.3, 0.6 / count)
