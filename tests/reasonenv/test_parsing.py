import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.parsing import (
    boxed_answer,
    code_block,
    extract_answer,
    last_boxed,
    read_response,
    stated_answer,
)

any_text = st.text(st.characters(codec=None), max_size=200)
markup = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<answer>", "</answer>", r"\boxed{", "{", "}", r"\{", "\\", "4", " ", "\0", "\ud800"]
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(
    ("response", "thinking", "rest"),
    [
        ("", "", ""),
        ("no tags", "", "no tags"),
        ("<think>a</think>b", "a", "b"),
        ("opened by the prompt</think>b", "opened by the prompt", "b"),
        ("<think>a</think>b</think>c", "a</think>b", "c"),
        ("<think>never closed", "never closed", None),
        ("<think>a</think>b<think>c", "a</think>b<think>c", None),
    ],
)
def test_reasoning_is_split_at_the_last_closing_tag(response, thinking, rest):
    read = read_response(response)
    assert (read.thinking, read.rest) == (thinking, rest)


@pytest.mark.parametrize(
    ("response", "block", "part"),
    [
        ("<think>a</think> b", None, " b"),
        ("<think><answer>a</answer></think> b", None, " b"),
        ("b <answer>c</answer> d", "c", "c"),
        ("<answer></answer>", "", ""),
        ("<answer>b</answer><answer>c</answer>", None, None),
        ("</answer>b<answer>", None, None),
        ("<answer>b</answer> c</answer>", None, None),
        ("<answer>b", None, None),
        ("b</answer>", None, None),
        ("<think>a", None, None),
    ],
)
def test_the_only_block_behind_the_thinking_holds_the_answer_and_without_tags_all_of_it(response, block, part):
    read = read_response(response)
    assert (read.block, read.part) == (block, part)


def test_thinking_is_closed_by_the_last_closing_tag_even_if_another_block_opens():
    assert read_response("<think>a</think> b <think>c").closed_thinking == "<think>a"
    assert read_response("<think>a").closed_thinking is None


def test_last_box_is_that_of_the_block():
    assert read_response(r"\boxed{1} <answer>\boxed{2}</answer> \boxed{3}").box == "2"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{4}", "4"),
        (r"\fbox{4}", "4"),
        (r"\boxed {4}", "4"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        (r"\boxed{\boxed{4}}", "4"),
        (r"\boxed{ \boxed{ \boxed{4} } }", "4"),
        (r"\boxed{x = \boxed{4}}", r"x = \boxed{4}"),
        (r"\\\boxed{4}", "4"),
        (r"\boxed{\begin{matrix}1\\2\end{matrix}}", r"\begin{matrix}1\\2\end{matrix}"),
        (r"{ stray \boxed{4}", "4"),
        (r"} stray \boxed{4}", "4"),
        (r"\boxed{ cut off \boxed{4}", "4"),
        (r"\boxed{4} and \boxed{cut off", "4"),
        (r"\boxed{}", ""),
        (r"\boxed{", None),
        (r"\boxed", None),
        ("boxed{4}", None),
        ("", None),
    ],
)
def test_last_box_is_found_with_balanced_braces(text, content):
    assert last_boxed(text) == content


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{1}, \boxed{2}", "1, 2"),
        (r"$\boxed{1}$ and $\boxed{2}$", "1, 2"),
        (r"\boxed{1} and \fbox{2}", "1, 2"),
        (r"\fbox{1} and \boxed{2}", "1, 2"),
        (r"\boxed{1}, \boxed{2} \text{ or } \boxed{3}", "1, 2, 3"),
        (r"\boxed{4}" + "\n\n" + r"\boxed{4}", "4"),
        (r"try \boxed{5}. no, \boxed{4}", "4"),
        (r"\boxed{1}, \boxed{2}. Better: \boxed{3}", "3"),
        (r"\boxed{7}" + " " * 100 + r"\boxed{5}", "5"),
    ],
)
def test_boxes_form_a_list_only_where_they_are_adjacent(text, answer):
    assert boxed_answer(text) == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("<think>a</think><answer>42</answer>", "42"),
        ("<think>a</think>\n<answer>\n 42 \n</answer>", "42"),
        (r"<think>a</think><answer>It is \boxed{42}.</answer>", "42"),
        (r"<think>a</think> So \boxed{42}.", "42"),
        (r"\boxed{42}", "42"),
        (r"<think>\boxed{41}</think><answer>42</answer>", "42"),
        ("<think>a <answer>41</answer> b</think><answer>42</answer>", "42"),
    ],
)
def test_announced_answer_is_extracted(response, answer):
    assert extract_answer(response) == answer


@pytest.mark.parametrize(
    "response",
    [
        "",
        "The answer lies between 41 and 43",
        "The answer is 42. But it may be 43.",
        "The answer is 42.\n\nThen again, who knows",
        "The answer is 42\n\nThen again, who knows",
        "It is not at all certain that the answer is 42",
        "The answer issue is 42",
        "I counted 42",
        "<think>the answer is 42</think> I do not know.",
        "<think>42",
        r"<think>\boxed{42}",
        r"<think>\boxed{42}</think> I do not know.",
        "<think>a</think><answer></answer>",
        "<think>a</think><answer>  </answer>",
        r"<think>a</think><answer>\boxed{}</answer>",
        r"\boxed{}",
        "<answer>41</answer><answer>42</answer>",
        "<answer>42</answer><answer>42</answer>",
        "<answer>42",
        "42</answer>",
        "</answer>42<answer>",
        r"<answer>42 \boxed{42}",
        "<answer><answer>42</answer>",
        "<answer>" * 50 + "42" + "</answer>" * 50,
    ],
)
def test_nothing_is_extracted_where_no_single_answer_is_announced(response):
    assert extract_answer(response) is None


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("The answer is 42", "42"),
        ("So the final answer is 42.", "42"),
        ("The answer is 3.5 m.", "3.5 m"),
        ("Final Answer: **42**", "42"),
        ("**Final Answer:** 42", "42"),
        ("The answer is:\n$$x=5$$", "$$x=5$$"),
        ("Final Answer: The final answer is $5$. I hope it is correct.", "$5$"),
        ("The final answer is $5$. I hope it is correct. <|im_end|>", "$5$"),
        ("It is 7 * 6.\n#### 42", "42"),
        ("The answer is 41. No: the answer is 42.", "42"),
        ("The answer is 41 or 42.", "41 or 42"),
        ("The answer is certainly not 42.", "certainly not 42"),
        (r"The answer is 41, that is \boxed{42}", "42"),
        (r"Two boxes hold as many. The answer is 21+21=\boxed{42}", "42"),
        (r"So \boxed{21} each. The answer is 21+21=\boxed{42}", "42"),
    ],
)
def test_announcement_in_words_counts_where_it_ends_a_response_without_box(response, answer):
    assert extract_answer(response) == answer


def test_announced_answer_may_be_as_long_as_what_is_compared():
    formula = "+".join("1" * 500)
    assert extract_answer(f"The answer is {formula}.") == formula


def test_box_far_before_the_end_is_not_an_answer():
    assert extract_answer(r"\boxed{42}" + "x" * 40_000) is None
    assert extract_answer("x" * 40_000 + r"\boxed{42}") == "42"


@given(any_text | markup)
def test_extraction_never_raises_and_never_returns_an_empty_answer(response):
    answer = extract_answer(response)
    assert answer is None or answer


@given(markup)
def test_unclosed_thinking_never_has_an_answer(text):
    assert extract_answer("</think><think>" + text.replace("</think>", "")) is None


@given(st.integers())
def test_answer_survives_any_thinking_that_it_follows(number):
    assert extract_answer(
        rf"<think>{{ \boxed{{1}} <answer>2</answer> \boxed{{ </think><answer>{number}</answer>"
    ) == str(number)


@pytest.mark.parametrize(
    "unit", [r"\boxed{", "{", "}", "<answer>", "<think>", r"\boxed{4}", "\0", "\ud800", r"\boxed ", "\\"]
)
def test_a_megabyte_of_repeated_markup_is_read(unit):
    text = unit * (1_000_000 // len(unit))
    assert extract_answer(text + r" \boxed{7}" + "</answer>") is None
    assert last_boxed(text + r"x\boxed{7}") == "7"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{(2, 2)} \quad \text{and} \quad \boxed{(6, 2)}", "(2, 2), (6, 2)"),
        (r"\(\boxed{1}\) and \(\boxed{-2}\).", "1, -2"),
        (r"\boxed{1} papers and \boxed{2} bins", "1, 2"),
        (r"\(x = \boxed{1}\) and \(y = \boxed{2}\)", "1, 2"),
        (r"\boxed{1} is too small. And \boxed{2}", "2"),
        (r"\boxed{1} and then \boxed{2}", "2"),
        (r"\boxed{1} = \boxed{2}", "2"),
    ],
)
def test_boxes_of_one_sentence_joined_by_and_are_one_answer(text, answer):
    assert boxed_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Therefore $x > 5$ is the solution.", "x > 5"),
        ("I counted 42 of them", "42"),
        ("the chance that Alice wins is 2/3. <|im_start|>user", "2/3"),
        ("Final Answer: Jane started 3 hours ago. I hope it is correct. Note: …", "3"),
        (r"so $\boxed{255}$. The final answer is $10,455$. I hope it is correct.", "$10,455$"),
        (r"The final answer is 7. So \boxed{5}", "5"),
        (r"cut off: \boxed{\frac{1}{2}", r"\frac{1}{2}"),
        ("The answer is $12$ and $13$.", "$12$ and $13$"),
        ("It is not $5$.", None),
        ("6 or 5", None),
        ("no value at all", None),
    ],
)
def test_stated_answer_is_the_last_one_and_never_a_denied_one(text, answer):
    assert stated_answer(text) == answer


@given(st.text(max_size=80))
def test_stated_answer_accepts_every_text(text):
    assert stated_answer(text) is None or stated_answer(text) in text or r"\boxed" in text


@pytest.mark.parametrize(
    ("response", "program"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("```Python\nx = 1\n```  \nDone.", "x = 1\n"),
        ("```py\nx = 1\n```", "x = 1\n"),
        ("```python\n```", ""),
        ("Text\n```python\nx = 1\n```\nand\n```python\nx = 2\n```\n", "x = 2\n"),
        ("```python\nx = 1\n```\n```text\n1\n```", "x = 1\n"),
        ("```python\nx = 1\n```\n```\n1\n```", "x = 1\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("````markdown\n```python\nx = 1\n```\n````", None),
        ("<think>```python\nx = 1\n```</think> I do not know.", None),
        ("<think>```python\nx = 1\n```", None),
        ("<think>hm</think>\n```python\nx = 1\n```", "x = 1\n"),
        ("<think>hm</think><answer>```python\nx = 1\n```</answer>", "x = 1\n"),
        ("```python\nx = 1\n```<answer>5</answer>", None),
        ("<answer>```python\nx = 1\n```</answer><answer>```python\nx = 2\n```</answer>", None),
        ("<answer>```python\nx = 1\n```", None),
        ("```python\nx = 1\n```\n```python\nx = 2", None),
        ("```python\nx = 1", None),
        ("x = 1", None),
        ("`python x = 1`", None),
        ("```python x = 1```", None),
        ("```pythonic\nx = 1\n```", None),
        ("", None),
    ],
)
def test_the_program_is_the_last_closed_python_block_of_the_answer(response, program):
    assert code_block(response) == program


@given(st.text(alphabet="`\n pyton<>/answer~x\ud800\x00", max_size=80))
def test_any_text_has_a_program_or_none(text):
    assert code_block(text) is None or isinstance(code_block(text), str)


def test_a_megabyte_of_fences_is_read():
    assert code_block("```python\n" * 100_000) is None


def test_longer_fence_closes_a_block_and_a_shorter_one_does_not():
    assert code_block("```python\nprint(5)\n````") == "print(5)\n"
    assert code_block("````python\n```\nprint(5)\n````") == "```\nprint(5)\n"
