"""Mathematical problems that are generated: one file per topic, and the table of their families."""

from __future__ import annotations

__all__ = ["FAMILIES"]

FAMILIES: dict[str, str] = {
    "chain_arithmetic": "reasonenv.tasksets.mathematics.arithmetic:chain_arithmetic",
    "integer_expressions": "reasonenv.tasksets.mathematics.arithmetic:integer_expressions",
    "fraction_expressions": "reasonenv.tasksets.mathematics.arithmetic:fraction_expressions",
    "linear_equations": "reasonenv.tasksets.mathematics.algebra:linear_equations",
    "linear_systems": "reasonenv.tasksets.mathematics.algebra:linear_systems",
    "quadratic_equations": "reasonenv.tasksets.mathematics.algebra:quadratic_equations",
    "inequalities": "reasonenv.tasksets.mathematics.inequalities:inequalities",
    "polynomial_evaluation": "reasonenv.tasksets.mathematics.polynomials:polynomial_evaluation",
    "polynomial_expansion": "reasonenv.tasksets.mathematics.polynomials:polynomial_expansion",
    "derivatives": "reasonenv.tasksets.mathematics.polynomials:derivatives",
    "sequences": "reasonenv.tasksets.mathematics.sequences:sequences",
    "gcd_lcm": "reasonenv.tasksets.mathematics.number_theory:gcd_lcm",
    "modular_powers": "reasonenv.tasksets.mathematics.number_theory:modular_powers",
    "base_conversion": "reasonenv.tasksets.mathematics.number_theory:base_conversion",
    "counting": "reasonenv.tasksets.mathematics.combinatorics:counting",
    "probabilities": "reasonenv.tasksets.mathematics.combinatorics:probabilities",
    "percentages": "reasonenv.tasksets.mathematics.word_problems:percentages",
    "ratios": "reasonenv.tasksets.mathematics.word_problems:ratios",
    "averages": "reasonenv.tasksets.mathematics.word_problems:averages",
    "dates": "reasonenv.tasksets.mathematics.dates:dates",
    "plane_geometry": "reasonenv.tasksets.mathematics.geometry:plane_geometry",
    "matrices": "reasonenv.tasksets.mathematics.matrices:matrices",
}
"""Name → `Family`, which is also its row in the table of task sets."""
