"""Known faults of published rewards: each is shown where it was found, and shown to be absent here."""

import pytest
from patient_rewards import load_patiently

from reasonenv.types import Attempt, MathReference, ScoreStatus, Task

DONE = "<think>\na\n</think>\n<answer>\n5\n</answer>"
CODE = "<think>\na\n</think>\n<answer>\n{}\n</answer>"


def values(name, *responses, gold="5"):
    task = Task(task_id="t/1", prompt="", reference=MathReference(answer=gold))
    attempts = [
        Attempt(task=task, response=response, token_ids=tuple(map(ord, response)), group_id=0) for response in responses
    ]
    scores = [score for reward, _ in load_patiently(name).terms.values() for score in reward.score(attempts)]
    return [None if score.status is ScoreStatus.GRADER_FAILED else score.value for score in scores]


@pytest.mark.parametrize(
    ("origin", "response"),
    [
        ("open_r1", DONE + "\nand more"),
        ("train_deepseek_r1", "<think>a</think><answer>5</answer>\nand more"),
        ("train_deepseek_r1", "<think></think><answer></answer>"),
        ("train_deepseek_r1", "<think>a</think><answer>5</answer><answer>6</answer>"),
        ("train_deepseek_r1", "<think>a</think> <answer>5</answer><think>b</think><answer>6</answer>"),
        ("open_r1", "<think>\n\n</think>\n<answer>\n\n</answer>"),
    ],
    ids=["text after", "text after, compact", "empty", "two answers", "twice", "blank"],
)
def test_form_lets_nothing_through_that_was_not_asked_for(origin, response):
    assert values(f"{origin}_format", response) == [1.0]
    assert values("format", response) == [0.0]


def test_form_does_not_depend_on_line_breaks():
    response = "<think>a</think> <answer>5</answer>"
    assert (values("open_r1_format", response), values("format", response)) == ([0.0], [1.0])
    assert (values("open_r1_tag_count", response), values("tag_count", response)) == ([0.0], [1.0])


@pytest.mark.parametrize("origin", ["open_r1", "trl", "train_deepseek_r1"])
def test_box_inside_the_thinking_alone_is_no_answer(origin):
    response = r"<think>\boxed{5}</think> I do not know."
    assert values(f"{origin}_accuracy", response, gold=r"\boxed{5}") == [1.0]
    assert values("accuracy", response) == [0.0]


@pytest.mark.parametrize("origin", ["open_r1", "trl"])
def test_retracted_box_is_not_merged_with_the_one_that_replaces_it(origin):
    response = r"try \boxed{5}. no, \boxed{4}"
    assert values(f"{origin}_accuracy", response, gold="4") == [0.0]
    assert values("accuracy", response, gold="4") == [1.0]


@pytest.mark.parametrize("origin", ["open_r1", "trl"])
def test_plain_answer_in_the_answer_block_is_read(origin):
    response = "<think>a</think><answer>4</answer>"
    assert values(f"{origin}_accuracy", response, gold="4") == [0.0]
    assert values("accuracy", response, gold="4") == [1.0]


@pytest.mark.parametrize("gold", ["42", "1/3", "x=5"])
def test_plain_gold_answer_gives_a_signal(gold):
    right, wrong = (rf"<think>a</think><answer>\boxed{{{answer}}}</answer>" for answer in (gold, "17"))
    assert values("train_deepseek_r1_accuracy", right, wrong, gold=gold) == [0.5, 0.5]
    assert values("open_r1_cosine", right, wrong, gold=gold) == [1.0, 1.0]
    assert values("accuracy", right, wrong, gold=gold) == [1.0, 0.0]


def test_unreadable_gold_answer_pays_nobody():
    assert values("train_deepseek_r1_accuracy", "", gold=r"\frac{{{") == [0.5]
    assert values("accuracy", "<answer>1</answer>", gold=r"\frac{{{") == [None]


@pytest.mark.parametrize("origin", ["open_r1", "train_deepseek_r1"])
def test_rambling_past_the_limit_does_not_pay_again(origin):
    texts = [r"\boxed{5}".ljust(size, ".") for size in (1000, 2000)]
    at_limit, at_twice = values(f"{origin}_cosine", *texts, gold=r"\boxed{5}")
    assert at_twice > at_limit
    assert values("cosine_length", *texts) == [0.5, 0.5]


def test_short_wrong_answers_are_not_paid_more_than_long_ones():
    chain = " ".join(f"{n}+{n}={2 * n}" for n in range(100, 180))
    short, long = values("cosine_length", "<answer>6</answer>", f"{chain}<answer>6</answer>")
    assert short < long < 0


GARBAGE = "<think>1. a\n2. b\n3. c" + " " * 1000 + "</think><answer>?</answer>"
WORDS = "<think>1. apples\n2. pears\n3. plums " + " ".join(f"w{n}" for n in range(200)) + "</think><answer>?</answer>"
HONEST = "<think>2+2 is 4, and one more is 6.</think> <answer>6</answer>"


def test_list_of_letters_and_blanks_earns_less_than_an_honest_wrong_answer():
    published = {name: sum(values("compat_train_deepseek_r1", name)) for name in (GARBAGE, HONEST)}
    assert published[GARBAGE] > 2.0 > published[HONEST]
    ours = [sum(values("train_deepseek_r1", response)) for response in (GARBAGE, WORDS, HONEST)]
    assert ours == [0.5, 0.5, 0.5]


def test_length_of_another_prompt_does_not_matter():
    tasks = [Task(task_id=f"t/{n}", prompt="", reference=MathReference(answer="$5$")) for n in range(2)]
    attempts = [
        Attempt(task=tasks[n], response=r"\boxed{5}".ljust(size), group_id=n)
        for n, size in [(0, 10), (0, 20), (1, 100), (1, 200)]
    ]
    theirs, ours = (
        [row.total for row in load_patiently(name).score(attempts)] for name in ("open_r1_length", "length")
    )
    assert theirs == pytest.approx([0.5, 0.5 - 10 / 190, 0.5 - 90 / 190, -0.5])
    assert ours == [0.5, -0.5, 0.5, -0.5]


def test_numbered_list_counts_on_every_line():
    response = "1. one\n2. two\n3. six"
    assert values("open_r1_reasoning_steps", response) == [1 / 3]
    assert values("reasoning_steps", response) == [1.0]


def test_negative_numbers_and_emphasis_are_no_steps():
    response = "\n-345\n*and so*\n-1234\n1.5 and 2.5"
    assert values("train_deepseek_r1_reasoning_steps", response) == [1.0]
    assert values("reasoning_steps", response) == [0.0]


def test_repetition_is_seen_where_words_are_written_without_spaces():
    response = "我们来算一下" * 20
    assert values("open_r1_repetition_penalty", response) == [0.0]
    assert values("repetition_penalty", response)[0] < -0.9


@pytest.mark.parametrize(
    "block", ["```python```", "so ```pythonic\nx = 5\n```", "```python\n1\n```\n```python\n2\n```"]
)
def test_code_block_is_one_block_of_that_language_with_code_in_it(block):
    assert values("open_r1_code_format", CODE.format(block)) == [1.0]
    assert values("code_format", CODE.format(block)) == [0.0]


@pytest.mark.parametrize(
    "response",
    [
        "<answer>" + ", ".join(map(str, range(100))) + "</answer>",
        "".join(f"<answer>{n}</answer>" for n in range(10)),
        " ".join(rf"\boxed{{{n}}}" for n in range(10)),
        "1 2 3 4 5 6 7 8 9",
        "<answer>4 or 5</answer>",
        "<answer>155</answer>",
    ],
    ids=["list", "blocks", "boxes", "bare", "or", "substring"],
)
def test_dumping_answers_earns_no_partial_credit(response):
    assert values("accuracy", response) == [0.0]
    assert values("cosine_length", response)[0] < 0
    assert values("length", response, response + ".")[0] <= 0


@pytest.mark.parametrize(
    ("gold", "response"),
    [
        ("A", "Answer: Alice"),
        ("A", "It is a matter of taste."),
        ("A", "a"),
        ("I", "I think so."),
        ("A", "<think>The answer is A.</think> I do not know."),
        ("A", "The answer is A. No, the answer is B."),
    ],
    ids=["begins alike", "article", "small", "pronoun", "in the thinking", "retracted"],
)
def test_letter_that_is_not_chosen_is_no_choice(gold, response):
    assert values("accuracy", response, gold=gold) == [0.0]


@pytest.mark.parametrize(
    "response", ["<think>B?</think> Answer: **A**", "Answer: (A)", "Answer：A", r"\boxed{\text{(A)}}", "\\boxed{A.}"]
)
def test_letter_that_is_chosen_is_read_in_every_dress(response):
    assert values("accuracy", response, gold="A") == [1.0]


@pytest.mark.parametrize(("gold", "answer"), [("3.5", "35"), ("-5", "5"), ("1/2", "12"), ("C", "C++"), ("0.5", "5")])
def test_sign_point_and_bar_are_part_of_an_answer(gold, answer):
    assert values("accuracy", f"<answer>{answer}</answer>", gold=gold) == [0.0]
