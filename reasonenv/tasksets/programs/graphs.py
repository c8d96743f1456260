"""Programs on graphs: which edges count, which nodes are closed, and what is asked.

Every question is a search over the graph that the rules of the statement make of the one given.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import ProgramProblem, program_family, program_text
from reasonenv.tasksets.randomness import Rng, integer, one_of

_EDGE_RULES = (
    ("Every edge (a, b, w) leads both ways.", "back"),
    ("Every edge (a, b, w) leads from a to b only.", "forth"),
    ("Every edge (a, b, w) leads from a to b, and back as well if w is even.", "even"),
    ("Every edge (a, b, w) leads from the smaller of its nodes to the larger only.", "up"),
)
_ONE_WAY = {
    "back": "pairs = [(a, b, w), (b, a, w)]",
    "forth": "pairs = [(a, b, w)]",
    "even": "pairs = [(a, b, w)] + [(b, a, w)] * (w % 2 == 0)",
    "up": "pairs = [(min(a, b), max(a, b), w)]",
}
_SKIPS = (
    ("Edges with a weight of {k} or more are closed.", "w >= {k}"),
    ("Edges with a weight of at most {m} are closed.", "w <= {m}"),
    ("Edges whose weight leaves the remainder 1 modulo 3 are closed.", "w % 3 == 1"),
    ("All edges are open.", ""),
)
_CLOSED = (
    ("Nodes, except 0, whose number is divisible by {k} cannot be entered.", "node % {k} == 0"),
    ("Nodes, except 0, whose number leaves the remainder 2 modulo {k} cannot be entered.", "node % {k} == 2"),
    ("All nodes can be entered.", ""),
)
_COSTS = (
    ("A step along an edge costs 1.", "1", "w"),
    ("A step along an edge costs its weight.", "w", "1"),
    (
        "A step along an edge costs its weight, plus {k} if it leads to a node with a smaller number.",
        "w + {k} * (end < node)",
        "w",
    ),
    ("A step along an edge costs its weight, or 1 if the weight is even.", "(w if w % 2 else 1)", "w"),
)
_QUESTIONS = (
    (
        "the smallest cost of getting from node 0 to node n - 1, or -1 if that is impossible",
        "return cost.get(n - 1, -1)",
        "return cost.get(n - 1, 0)",
    ),
    (
        "the sorted list of the nodes that can be reached from node 0 at a cost of at most {limit}, node 0 included",
        "return sorted(node for node in cost if cost[node] <= {limit})",
        "return sorted(node for node in cost if cost[node] < {limit})",
    ),
    (
        "the list of the smallest costs of getting from node 0 to each node, in the order of their numbers, with -1 "
        "for those that cannot be reached",
        "return [cost.get(node, -1) for node in range(n)]",
        "return [cost[node] for node in sorted(cost)]",
    ),
    (
        "the node, among those that can be reached from node 0, whose smallest cost is the largest; of several, the "
        "one with the largest number",
        "return max(cost, key=lambda node: (cost[node], node))",
        "return max(cost, key=lambda node: (cost[node], -node))",
    ),
)


def _source(way: str, skip: str, closed: str, price: str, answer: str) -> str:
    """Write Dijkstra's algorithm over the edges that are open, to the nodes that can be entered."""
    forbidden = f" or (node != 0 and {closed})" if closed else ""
    lines = [
        "neighbours = {node: [] for node in range(n)}",
        "for a, b, w in edges:\n"
        + (f"    if {skip}:\n        continue\n" if skip else "")
        + f"    {_ONE_WAY[way]}\n    for start, end, w in pairs:\n        neighbours[start].append((end, w))",
        "cost, queue = {}, [(0, 0)]",
        "while queue:\n    total, node = heapq.heappop(queue)\n"
        f"    if node in cost{forbidden}:\n        continue\n    cost[node] = total\n"
        "    for end, w in neighbours[node]:\n"
        f"        heapq.heappush(queue, (total + {price}, end))",
        answer,
    ]
    return "import heapq\n\n\n" + program_text("def search(n, edges):", lines)


def _draw_input(rng: Rng) -> tuple[int, list[tuple[int, int, int]]]:
    n = integer(rng, 2, 9)
    ends = [rng.choice(n, size=2, replace=False) for _ in range(integer(rng, 1, 2 * n))]
    edges = [(int(a), int(b), integer(rng, 1, 9)) for a, b in ends]
    return n, list({(a, b): (a, b, w) for a, b, w in edges}.values())


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    """Draw rules; the higher the difficulty, the fewer of them are the plain one."""
    words = {"k": integer(rng, 3, 8), "m": integer(rng, 1, 4), "limit": integer(rng, 3, 12)}
    ways, way = one_of(rng, _EDGE_RULES)
    skip_text, skip = one_of(rng, _SKIPS[: 4 if difficulty < 3 else 3])
    closed_text, closed = one_of(rng, _CLOSED[: 2 if difficulty == 3 else 3])
    price_text, price, wrong_price = one_of(rng, _COSTS[:2] if difficulty == 1 else _COSTS)
    question, answer, wrong_answer = one_of(rng, _QUESTIONS)
    rules = [ways, *(text.format(**words) for text in (skip_text, closed_text, price_text))]
    parts = [way, *(code.format(**words) for code in (skip, closed, price, answer))]
    swapped = {"back": "forth", "forth": "back", "even": "back", "up": "forth"}[way]
    variants = [[swapped, *parts[1:]]]
    variants += [[*parts[:1], "", *parts[2:]]] if skip else []
    variants += [[*parts[:2], "", *parts[3:]]] if closed else []
    variants += [[*parts[:3], wrong_price, parts[4]], [*parts[:4], wrong_answer.format(**words)]]
    return ProgramProblem(
        statement="Write a Python function `search(n: int, edges: list[tuple[int, int, int]]) -> "
        f"{'list[int]' if 'list' in question else 'int'}` for a graph with the nodes 0 to n - 1. Each edge (a, b, w) "
        f"joins the nodes a and b and has the weight w.\n{_dashed(rules)}\nReturn {question.format(**words)}.",
        function="search",
        source=_source(*parts),
        near_misses=tuple(_source(*variant) for variant in variants),
        plan=f"{' '.join(rules)} Find the smallest cost of every node with Dijkstra's algorithm, then answer.",
        draw_input=_draw_input,
    )


def _dashed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


code_graphs = program_family("code_graphs", "graphs", _generate)
