"""The equality of two answers, one rule for each type of answer.

False is final where the gold answer was read, even if the answer was not: whoever could not be read did not write
mathematics, and algebra by others finds sense in what has none. Where the gold answer was not read, or both sides leave
the question open, the verdict is None and a worker decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from reasonenv.grading.math.elements import (
    are_same_combinations,
    elements,
    has_sign_choice,
    have_several_names,
    joins_differ,
    with_names_of,
    written_out,
)
from reasonenv.grading.math.equations import (
    difference,
    named_values,
    value_of_named,
    with_argument_of,
    with_function_first,
    with_ratio_of,
    without_working,
)
from reasonenv.grading.math.evaluation import variables
from reasonenv.grading.math.intervals import INEQUALITIES, has_no_points, pieces, same_pieces
from reasonenv.grading.math.matrices import worked_out
from reasonenv.grading.math.names import are_same_names, bound_other_letters, is_function, is_name
from reasonenv.grading.math.nodes import (
    Node,
    OverBudgetError,
    UndefinedError,
    UnreadableError,
    UnreadableGoldError,
    walk,
)
from reasonenv.grading.math.notation.choices import equal_choices
from reasonenv.grading.math.notation.constructions import is_usual
from reasonenv.grading.math.notation.reader import plain_words, read
from reasonenv.grading.math.notation.readings import is_left_open, read_answer
from reasonenv.grading.math.notation.tokens import canonical_text, without_spacing
from reasonenv.grading.math.numeric import is_proportional, is_same_scalar
from reasonenv.grading.math.policy import DEFAULT_POLICY, MathPolicy
from reasonenv.grading.math.rewritings import (
    as_ratio,
    with_arrows,
    with_decimal_logarithm,
    with_euler_number,
    with_imaginary_unit,
)
from reasonenv.grading.math.scalars import equal_plain_numbers, equal_scalars
from reasonenv.grading.math.shape import have_same_shape, is_beyond_algebra

_SCALARS = frozenset(
    ["num", "var", "const", "add", "mul", "div", "pow", "neg", "call", "degrees", "percent", "quantity", "ratio"]
)
_LINE_SUBSETS = frozenset(["interval", "union", "minus", "intersection", "reals"])
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}")
_COMMA_SPACE = re.compile(r"\s*,\s*")
_DECIMAL_COMMA = re.compile(r"-?(?:0,\d+|\d+,(?!\d{3}$)\d+)")
_LETTER_BEHIND_NUMBER = re.compile(
    r"(?:[\d)}]|\\pi)\s*(?:\\[,;:! ]|~)?\s*(?:[mgshLlNJWVKCTFΩ]|\\Omega|[a-zA-Z]{2,3})(?![A-Za-z(_])[^+=<>()|,;]*\Z"
)
_GLUED_LETTER = re.compile(r"[\d})][A-Za-z]{1,3}(?:\^\{?\d\}?)?[$\s.]*\Z")
_MAX_MATCHES = 4096


def equal_texts(gold: str, answer: str, policy: MathPolicy = DEFAULT_POLICY) -> bool | None:
    r"""Return whether two answers are equal, or None where that takes algebra.

    Raises:
        OverBudgetError: the answer would take more than it is worth.
        UnreadableGoldError: nothing here can read the gold answer, and it is not the answer word for word.

    >>> equal_texts("1,000", "x = 1000.0"), equal_texts("2x", "x+x"), equal_texts("(1,2)", "(2,1)")
    (True, True, False)
    """
    plain = equal_plain_numbers(gold, answer, policy)
    return _equal_read(gold, answer, policy) if plain is None else plain


def _equal_read(gold: str, answer: str, policy: MathPolicy) -> bool | None:
    if not canonical_text(answer):
        return False
    if canonical_text(gold) == canonical_text(answer):
        return True
    chosen = equal_choices(gold, answer)
    if chosen is not None:
        return chosen
    is_open = is_left_open(gold)
    if is_left_open(answer) and not is_open:
        return False
    left, right = read_answer(gold), read_answer(answer)
    if _are_same_words(gold, answer, left, right):
        return True
    if left is None or right is None:
        return _equal_unread(gold, answer, left, right)
    try:
        verdict = _decide(left, right, policy)
        verdict = verdict or _second_reading(gold, answer, left, right, policy) or verdict
    except RecursionError as error:
        raise OverBudgetError("nested too deeply") from error
    if verdict is False and is_open and not (is_left_open(answer) or is_beyond_algebra(gold)):
        verdict = None
    if verdict is None and (is_beyond_algebra(gold) or is_beyond_algebra(answer)):
        return False
    return verdict if verdict is not None or have_same_shape(canonical_text(gold), canonical_text(answer)) else False


def _are_same_words(gold: str, answer: str, left: Node | None, right: Node | None) -> bool:
    """Return whether these are the same words, although one may look like a product of letters, as "odd" does."""
    has_text = any(node is not None and node.kind == "text" for node in (left, right))
    gold, answer = canonical_text(gold), canonical_text(answer)
    if has_text and without_spacing(gold) == without_spacing(answer):
        return True
    if not has_text and not (_WORD.fullmatch(gold) and _WORD.fullmatch(answer)):
        return False
    words = (_COMMA_SPACE.sub(",", plain_words(text) or text.casefold()) for text in (gold, answer))
    return len(set(words)) == 1


def _equal_unread(gold: str, answer: str, left: Node | None, right: Node | None) -> bool | None:
    if left is not None:
        return False
    gold, answer = canonical_text(gold), canonical_text(answer)
    if without_spacing(gold) == without_spacing(answer):
        return True
    if is_beyond_algebra(gold):
        raise UnreadableGoldError("the gold answer has notation that is not read here and that algebra would misread")
    is_possible = answer.count("{") == answer.count("}") and have_same_shape(gold, answer)
    if is_left_open(gold):
        return None if is_possible or is_left_open(answer) else False
    if not is_possible or (right is not None and right.kind == "text"):
        raise UnreadableGoldError("the gold answer is neither mathematics that is read here nor words")
    return None


def _second_reading(gold: str, answer: str, left: Node, right: Node, policy: MathPolicy) -> bool | None:
    """Read an ambiguous text the way the other side is written."""
    if left.kind != right.kind and ("," in gold or "," in answer):
        if left.kind in _SCALARS and _DECIMAL_COMMA.fullmatch(answer.strip("$ ")):
            decimal = read(answer.replace(",", "."))
            return None if decimal is None else _decide(left, decimal, policy)
        one, other = read(gold, has_thousands=False), read(answer, has_thousands=False)
        if one and other and (one.kind == "list" or other.kind == "list") and (one, other) != (left, right):
            return _decide(one, other, policy)
    return _decide_letter_units(gold, answer, policy)


def _decide_letter_units(gold: str, answer: str, policy: MathPolicy) -> bool | None:
    """Read letters behind a number as units: 18 m/s is 18, and 5 m is 500 cm; a gold answer 2m is a product."""
    if not (_LETTER_BEHIND_NUMBER.search(gold) or _LETTER_BEHIND_NUMBER.search(answer)):
        return None
    left, right = read(gold), read(answer)
    one, other = read(gold, has_letter_units=True), read(answer, has_letter_units=True)
    if left is None or (right is None and other is None):
        return None
    is_ambiguous = _GLUED_LETTER.search(gold) is not None and other is not None and not _has_unit(other)
    one = left if one is None or is_ambiguous else one
    other = right if other is None else other
    return None if other is None or (one, other) == (left, right) else _decide(one, other, policy)


def _has_unit(node: Node) -> bool:
    return any(part.kind == "quantity" for part in walk(node))


def _decide(left: Node, right: Node, policy: MathPolicy) -> bool | None:
    r"""Compare, with each side's `\log` as the natural logarithm, else as the decimal one: both are written so."""
    if variables(left) or variables(right):
        right = with_imaginary_unit(with_euler_number(right, left), left)
        left, right = with_arrows(left, right), with_arrows(right, left)
    readings = [(node, with_decimal_logarithm(node)) for node in (left, right)]
    verdicts = [_decide_once(one, other, policy) for one, other in dict.fromkeys(product(*readings))]
    return True if True in verdicts else None if None in verdicts else False


def _decide_once(left: Node, right: Node, policy: MathPolicy) -> bool | None:
    try:
        return _Comparison(policy).equal(left, right)
    except UnreadableError:
        return None
    except UndefinedError:
        return False


class _Comparison:
    def __init__(self, policy: MathPolicy) -> None:
        self._policy = policy

    def equal(self, left: Node, right: Node) -> bool | None:
        if left == right or (left.kind == "reals" and right == Node("var", (), "R")):
            return True
        if "domain" in (left.kind, right.kind):
            return self._equal_with_domains(left, right)
        if bound_other_letters(left, right):
            return False
        left, right = _plain_value(left, self._policy), _plain_value(right, self._policy)
        if (left.kind == "time") != (right.kind == "time"):
            left, right = as_ratio(left, right), as_ratio(right, left)
        relations = (left.kind == "relation") + (right.kind == "relation")
        if relations == 2:
            return self._equal_relations(left, right)
        if relations:
            return self._equal_relation_and_value(left, right)
        if has_sign_choice(left) or has_sign_choice(right) or {left.kind, right.kind} & {"list", "set"}:
            return self._equal_collections(left, right)
        if {left.kind, right.kind} & _LINE_SUBSETS:
            return _equal_subsets(left, right, self)
        if left.kind in _SCALARS and right.kind in _SCALARS:
            return equal_scalars(left, right, self._policy)
        if left.kind == right.kind and left.kind in ("tuple", "matrix", "row", "sequence", "congruence"):
            return self.equal_parts(left.args, right.args)
        return False

    def _equal_with_domains(self, left: Node, right: Node) -> bool | None:
        """Compare formulas, and their conditions where both state them."""
        (formula, *conditions), (other, *others) = (
            node.args if node.kind == "domain" else (node,) for node in (left, right)
        )
        if not conditions and not all(map(is_usual, others)):
            return False
        verdict = self.equal(formula, other)
        if not (verdict and conditions and others):
            return verdict
        return self._equal_unordered(conditions, others)

    def equal_parts(self, lefts: Sequence[Node], rights: Sequence[Node]) -> bool | None:
        if len(lefts) != len(rights):
            return False
        verdicts = [self.equal(left, right) for left, right in zip(lefts, rights, strict=True)]
        return False if False in verdicts else None if None in verdicts else True

    def _equal_relation_and_value(self, left: Node, right: Node) -> bool | None:
        relation, value = (left, right) if left.kind == "relation" else (right, left)
        named = value_of_named(relation, is_gold=relation is left) if self._policy.is_name_optional else None
        if named is not None:
            return self.equal(named, right) if relation is left else self.equal(left, named)
        if value.kind in _LINE_SUBSETS or value.kind == "tuple":
            return _equal_subsets(left, right, self)
        if value.kind == "list":
            return _equal_subsets(left, right, self) or False
        return False

    def _equal_relations(self, left: Node, right: Node) -> bool | None:
        left, right = without_working(left, is_gold=True), without_working(right, is_gold=False)
        operators = left.name.split(), right.name.split()
        if "=" in operators[0] + operators[1]:
            return self._equal_equations(left, right) if operators[0] == operators[1] == ["="] else False
        if len(operators[0]) == len(operators[1]) == 1:
            return _equal_inequalities(left, right)
        if len(operators[0]) != len(operators[1]):
            return _equal_subsets(left, right, self) if variables(left) == variables(right) else False
        if operators[0][0][0] != operators[1][0][0]:
            mirrored = {"<": ">", ">": "<"}
            flipped = " ".join(mirrored.get(sign[0], "!") + sign[1:] for sign in reversed(operators[1]))
            right = Node("relation", right.args[::-1], flipped)
        return left.name == right.name and self.equal_parts(left.args, right.args)

    def _equal_equations(self, left: Node, right: Node) -> bool | None:
        right = with_ratio_of(right, left)
        left, right = with_function_first(left), with_function_first(right)
        right = with_argument_of(right, left)
        heads = left.args[0], right.args[0]
        if all(is_name(head) for head in heads):
            if are_same_names(*heads):
                return self.equal(left.args[1], right.args[1])
            if is_function(heads[0]) or is_function(heads[1]) or not variables(right.args[1]):
                return False
        try:
            if is_same_scalar(*left.args):
                return self._equal_identities(left, right)
            if not variables(left):
                return self.equal_parts(left.args, right.args)
            sign = is_proportional(difference(left), difference(right))
        except UnreadableError:
            return self.equal_parts(left.args, right.args)
        return None if sign is None else sign != 0

    def _equal_identities(self, left: Node, right: Node) -> bool | None:
        """Compare equations that hold everywhere: the answer must have both sides of the gold answer."""
        if right.args[0] == right.args[1]:
            return False
        return self.equal_parts(left.args, right.args) or self.equal_parts(left.args, right.args[::-1])

    def _equal_collections(self, left: Node, right: Node) -> bool | None:
        left, right = written_out(left), written_out(right)
        lefts, rights = elements(left), elements(right)
        kinds = {left.kind, right.kind}
        num_conditions = _are_inequalities(lefts) + _are_inequalities(rights)
        is_line = num_conditions == 2 and len(variables(left) | variables(right)) == 1
        if is_line or kinds & _LINE_SUBSETS or (num_conditions == 1 and "tuple" in kinds):
            return _equal_subsets(left, right, self)
        if kinds == {"list", "tuple"}:
            return self._equal_list_and_tuple(left, right)
        if "tuple" in kinds and "set" in kinds:
            return len(lefts) == len(rights) == 1 and self.equal(lefts[0], rights[0])
        is_point_and_set = kinds == {"list", "set"} and (have_several_names(lefts) or have_several_names(rights))
        if "text" in kinds or "matrix" in kinds or is_point_and_set or joins_differ(left, right):
            return False
        if "set" in kinds and not kinds & {"list"} and len(kinds) == 2 and len(lefts) != len(rights):
            return False
        lefts, rights = with_names_of(lefts, rights), with_names_of(rights, lefts)
        if kinds == {"list"} and (
            not self._policy.is_list_order_free or have_several_names(lefts) or have_several_names(rights)
        ):
            in_order = self.equal_parts(lefts, rights)
            if in_order or not (have_several_names(lefts) and have_several_names(rights)):
                return in_order
        if "set" in kinds or (lefts and lefts[0].kind == "tuple"):
            lefts, rights = self._distinct(lefts), self._distinct(rights)
        return self._equal_unordered(lefts, rights)

    def _equal_list_and_tuple(self, left: Node, right: Node) -> bool | None:
        """Compare (1, 2) with x = 1, y = 2. A list of two numbers is no point: it may be two solutions or two ends."""
        bare = left if left.kind == "list" else right
        named = named_values(bare.args)
        is_ordered = len(bare.args) > 2 or all(part.kind == "tuple" for part in bare.args)
        if bare.name == "or" or (named is None and (not is_ordered or any(p.kind == "relation" for p in bare.args))):
            return False
        values = named or bare.args
        return self.equal_parts(values, right.args) if bare is left else self.equal_parts(left.args, values)

    def _distinct(self, nodes: Sequence[Node]) -> list[Node]:
        distinct: list[Node] = []
        if len(nodes) ** 2 > _MAX_MATCHES:
            return list(nodes)
        for node in nodes:
            if not any(self.equal(node, other) for other in distinct):
                distinct.append(node)
        return distinct

    def _equal_unordered(self, lefts: Sequence[Node], rights: Sequence[Node]) -> bool | None:
        if len(lefts) != len(rights):
            return False
        if len(lefts) * len(rights) > _MAX_MATCHES:
            raise OverBudgetError("too many elements")
        left_over, is_unknown = list(rights), False
        for left in lefts:
            for index, right in enumerate(left_over):
                verdict = (left.kind == "set") == (right.kind == "set") and self.equal(left, right)
                if verdict:
                    del left_over[index]
                    break
                is_unknown = is_unknown or verdict is None
            else:
                return None if is_unknown else False
        return True


def _plain_value(node: Node, policy: MathPolicy) -> Node:
    r"""Write `x \in S` as S, the named point P(1, 2) as (1, 2), and a sum of matrices as a matrix."""
    if node.kind == "relation" and node.name == "in":
        return node.args[1]
    if node.kind == "relation" and node.name == "notin":
        return Node("minus", (Node("reals"), node.args[1]))
    is_product = node.kind == "mul" and policy.is_name_optional
    if is_product and node.args[0].kind == "var" and node.args[0].name[0].isupper() and node.args[1].kind == "tuple":
        return node.args[1]
    return worked_out(node)


def _equal_inequalities(left: Node, right: Node) -> bool | None:
    if left.name not in INEQUALITIES or right.name not in INEQUALITIES:
        return left.name == right.name and left == right
    sign = is_proportional(difference(left), difference(right))
    if not sign:
        return None if sign is None else False
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    return left.name == (right.name if sign > 0 else mirrored.get(right.name, right.name))


def _are_inequalities(nodes: Sequence[Node]) -> bool:
    return bool(nodes) and all(node.kind == "relation" and set(node.name.split()) <= INEQUALITIES for node in nodes)


def _equal_subsets(left: Node, right: Node, comparison: _Comparison) -> bool | None:
    if {left.kind, right.kind} == {"tuple", "interval"}:
        return False
    parts = pieces(left), pieces(right)
    if parts[0] is None or parts[1] is None:
        if {left.kind, right.kind} <= {"union", "intersection", "minus"}:
            return are_same_combinations(left, right, comparison.equal)
        is_condition = left.kind == "relation" or right.kind == "relation"
        return None if is_condition or {left.kind, right.kind} & {"union", "minus"} else False
    try:
        return not (has_no_points(left) or has_no_points(right)) and same_pieces(parts[0], parts[1])
    except UnreadableError:
        if left.kind == right.kind == "interval" and left.name != right.name:
            return False
        return comparison.equal_parts(left.args, right.args) if left.kind == right.kind else None
