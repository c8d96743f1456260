"""Programming problems that are generated, each with hidden tests that tell right programs from nearly right ones.

A problem is a composition of operations that are drawn, never one problem with other constants.
"""

from __future__ import annotations

__all__ = ["CODE_FAMILIES"]

CODE_FAMILIES: dict[str, str] = {
    "code_arithmetic": "reasonenv.tasksets.programs.arithmetic:code_arithmetic",
    "code_strings": "reasonenv.tasksets.programs.strings:code_strings",
    "code_lists": "reasonenv.tasksets.programs.lists:code_lists",
    "code_dictionaries": "reasonenv.tasksets.programs.dictionaries:code_dictionaries",
    "code_recursion": "reasonenv.tasksets.programs.recursion:code_recursion",
    "code_dynamic_programming": "reasonenv.tasksets.programs.dynamic:code_dynamic_programming",
    "code_graphs": "reasonenv.tasksets.programs.graphs:code_graphs",
    "code_simulation": "reasonenv.tasksets.programs.simulation:code_simulation",
    "code_parsing": "reasonenv.tasksets.programs.parsing:code_parsing",
    "code_geometry": "reasonenv.tasksets.programs.geometry:code_geometry",
    "code_bits": "reasonenv.tasksets.programs.bits:code_bits",
    "code_dates": "reasonenv.tasksets.programs.dates:code_dates",
    "code_intervals": "reasonenv.tasksets.programs.intervals:code_intervals",
    "code_grids": "reasonenv.tasksets.programs.grids:code_grids",
    "code_stdin": "reasonenv.tasksets.programs.standard_input:code_stdin",
}
"""Name → `Family`, which is also its row in the table of task sets."""
