"""Results of `bench_kernel.py` as a page of plots, and one figure for the documentation.

The page carries plotly's JavaScript in itself and opens offline; the figure is a small drawing of lines only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["write_figure", "write_page"]

AXES = {"num_tokens": "number of tokens", "vocabulary_size": "size of the vocabulary"}
QUANTITIES = {"seconds": "seconds, forward and backward", "mebibytes": "MiB beyond inputs and gradients"}
COLORS = {"two pass": "#1b6ca8", "local": "#2a9d55", "naive": "#b5651d"}
WIDTH, HEIGHT, MARGIN = 340, 200, 56


def write_page(results: Mapping[str, Any], path: Path) -> None:
    """Write bars per shape for time and memory, points of errors, lines of scaling, and the goals as a table."""
    from plotly.offline import get_plotlyjs

    figures = [
        *_bars(results, "time", "seconds"),
        *_bars(results, "memory", "mebibytes"),
        *_errors(results["error"]["results"]),
    ]
    figures += _lines(results["scaling"]["results"])
    plots = "".join(figure.to_html(include_plotlyjs=False, full_html=False) for figure in figures)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "<!doctype html><meta charset='utf-8'><title>Token log-probabilities</title>"
        "<style>body{font:15px sans-serif;max-width:1100px;margin:2em auto}td{padding:.2em .8em;"
        "border-top:1px solid #ddd}</style>"
        f"<script>{get_plotlyjs()}</script><h1>Token log-probabilities and their gradients</h1>"
        f"{_table(results['machine'].items())}{plots}<h2>Goals</h2>"
        f"{_table((goal['goal'], _shown(goal)) for goal in results['goals'])}"
        f"<h2>Not measured</h2>{_table(results['not_measured'].items())}",
        encoding="utf-8",
    )


def _table(rows: Any) -> str:
    cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _shown(goal: Mapping[str, Any]) -> str:
    if goal["figure"] is None:
        return "not measured"
    return f"{goal['figure']:.3g}: {'met' if goal['is_met'] else 'missed'}"


def _title(shape: Mapping[str, Any]) -> str:
    return f"N {shape['num_tokens']}, D {shape['hidden_size']}, V {shape['vocabulary_size']}, {shape['dtype']}"


def _bars(results: Mapping[str, Any], part: str, quantity: str) -> list[Any]:
    from plotly import graph_objects

    figures: list[Any] = []
    for table in results[part]["results"]:
        values = {
            name: way[quantity] for name, way in sorted(table["ways"].items(), key=lambda pair: -pair[1][quantity])
        }
        colors = [COLORS.get(name.removesuffix(", frozen head"), "#888") for name in values]
        bar = graph_objects.Bar(
            x=list(values.values()), y=list(values), orientation="h", marker_color=colors, texttemplate="%{x:.3g}"
        )
        title = f"{part}: {QUANTITIES[quantity]}; {_title(table['shape'])}"
        figures.append(graph_objects.Figure(bar).update_layout(title=title, height=420, margin_l=190))
    return figures


def _errors(tables: Sequence[Mapping[str, Any]]) -> list[Any]:
    from plotly import graph_objects

    figures: list[Any] = []
    for table in tables:
        ways = {name: way for name, way in table["ways"].items() if isinstance(way, dict)}
        points = [
            graph_objects.Scatter(
                name=quantity.replace("_", " "),
                x=list(ways),
                y=[way[quantity] for way in ways.values()],
                mode="markers",
                marker_size=10,
            )
            for quantity in ("logprob", "hidden_gradient", "weight_gradient")
        ]
        title = f"relative error; target's probability {table['target_probability']}; {_title(table['shape'])}"
        figures.append(graph_objects.Figure(points).update_layout(title=title, height=420).update_yaxes(type="log"))
    return figures


def _lines(scaling: Mapping[str, Any]) -> list[Any]:
    from plotly import graph_objects

    figures: list[Any] = []
    for axis, label in AXES.items():
        for quantity, meaning in QUANTITIES.items():
            columns = scaling[axis][quantity]
            lines = [
                graph_objects.Scatter(x=scaling[axis]["values"], y=column, name=name, line_color=COLORS[name])
                for name, column in columns.items()
            ]
            figure = graph_objects.Figure(lines).update_layout(
                title=f"{meaning}; {_title(scaling['shape'])}", height=420
            )
            figures.append(figure.update_xaxes(title=label, type="log").update_yaxes(type="log"))
    return figures


def write_figure(scaling: Mapping[str, Any], path: Path) -> None:
    """Write time and memory along tokens and vocabulary, both axes logarithmic, as SVG."""
    panels = [
        _panel(scaling[axis]["values"], scaling[axis][quantity], f"{meaning}, by {label}", (column, row))
        for row, (quantity, meaning) in enumerate(QUANTITIES.items())
        for column, (axis, label) in enumerate(AXES.items())
    ]
    legend = "".join(
        f'<text x="{MARGIN + 110 * index}" y="16" fill="{color}" font-weight="bold">{name}</text>'
        for index, (name, color) in enumerate(COLORS.items())
    )
    size = f'width="{2 * (WIDTH + MARGIN) + 20}" height="{2 * (HEIGHT + MARGIN) + 24}"'
    style = 'font-family="sans-serif" font-size="12" style="background:#fff"'
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{legend}\n{"".join(panels)}</svg>\n'
    path.write_text(svg, encoding="utf-8")


def _panel(
    x: Sequence[int], lines: Mapping[str, Sequence[float | None]], title: str, place_in_grid: tuple[int, int]
) -> str:
    known = [value for line in lines.values() for value in line if value is not None and value > 0]
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))

    def place(value: float, least: float, most: float, length: int) -> float:
        return round(length * (math.log(value) - least) / max(most - least, 1e-9), 1)

    def vertical(value: float) -> float:
        return HEIGHT - place(value, low * math.log(10), high * math.log(10), HEIGHT)

    across = [place(value, math.log(x[0]), math.log(x[-1]), WIDTH - 30) + 10 for value in x]
    parts = [f'<text y="-8">{title}</text><path d="M0 0V{HEIGHT}H{WIDTH - 10}" fill="none" stroke="#444"/>']
    parts += [
        f'<text x="{place_x}" y="{HEIGHT + 16}" text-anchor="middle">{value}</text>'
        for place_x, value in zip(across, x, strict=True)
    ]
    parts += [
        f'<text x="-6" y="{vertical(10.0**power) + 4}" text-anchor="end">{10.0**power:g}</text>'
        f'<path d="M0 {vertical(10.0**power)}H{WIDTH - 10}" stroke="#ddd"/>'
        for power in range(low, high + 1)
    ]
    for name, line in lines.items():
        points = [(at, value) for at, value in zip(across, line, strict=True) if value is not None and value > 0]
        joined = " ".join(f"{at},{vertical(value)}" for at, value in points)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>')
    column, row = place_in_grid
    left, top = MARGIN + column * (WIDTH + MARGIN), 46 + row * (HEIGHT + MARGIN)
    return f'<g transform="translate({left},{top})">{"".join(parts)}</g>\n'
