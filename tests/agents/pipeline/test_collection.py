from __future__ import annotations

import random
from dataclasses import replace

import pytest

from agents.errors import ConfigError
from agents.pipeline.collection.filters import (
    Correct,
    Decontaminated,
    Distinct,
    Finished,
    InForm,
    NoCodeBlocks,
    OneLanguage,
    Readable,
    ShowsWorking,
    apply_filters,
)
from agents.pipeline.collection.hooks import judged, refined
from agents.pipeline.collection.prompts import AsTrained, FewShot, Instructed, InTemplate
from agents.pipeline.collection.sources import Given, Sampled
from agents.pipeline.r1.tiny import clean_form, existing_answer
from reasonenv.evaluation.samples import Sample
from reasonenv.prompts import load_template
from reasonenv.tasksets import load_tasks
from reasonenv.tasksets.tiny_world import judge_request

GOOD = Sample(
    task_id="sum/0",
    prompt="What is 2 and 3 and 4?",
    sample=0,
    response="<think>Two and three makes five. Five and four makes nine.</think><answer>9</answer>",
    is_right=True,
    status="scored",
    language="en",
)


LONG = "How many birds sit in the old tree if nine come and five of them leave?"


def response(thinking, answer="9"):
    return replace(GOOD, response=f"<think>{thinking}</think><answer>{answer}</answer>")


FILTER_CASES = [
    (Finished(), replace(GOOD, is_truncated=True), "unfinished"),
    (Correct(), replace(GOOD, is_right=False), "wrong"),
    (Correct(), replace(GOOD, is_right=None), "undecided"),
    (Correct(), replace(GOOD, is_right=None, status="grader_failed"), "grader_failed"),
    (Correct(allows_unknown=True), replace(GOOD, is_right=None), None),
    (Correct(allows_unknown=True), replace(GOOD, is_right=False), "wrong"),
    (InForm(), replace(GOOD, response="The answer is 9."), "form"),
    (ShowsWorking(), response("Easy."), "no_working"),
    (ShowsWorking(), response("二加三得五。五加四得九。"), None),
    (Readable(), response("Try again. Try again. Try again. Nine."), "repeated"),
    (ShowsWorking(), response("3.14"), "no_working"),
    (ShowsWorking(), response("1. 9"), "no_working"),
    (ShowsWorking(), response("- 9\n- 9"), "no_working"),
    (ShowsWorking(), response("Easy... 9"), "no_working"),
    (ShowsWorking(), response("2+3=5\n5+4=9"), None),
    (ShowsWorking(), response("2×3得6。6+3=9。"), None),
    (Readable(), response("Try again. try AGAIN. Try again! Nine."), "repeated"),
    (Readable(), response("Two. 重新算。重新算！ 重新算。"), "repeated"),
    (Readable(), response("A costs 2.5. B costs 3.5. C costs 4.5. D costs 1.5."), None),
    (Readable(), response("1. two\n2. three\nAgain:\n1. four\n2. five\nOr:\n1. six"), None),
    (Readable(), response("wait, " * 40 + "nine"), "repeated"),
    (Readable(), response("等等，" * 40 + "得九"), "repeated"),
    (Readable(), response("so 2+3=5; " * 20), "repeated"),
    (Readable(), response("A third is 0." + 40 * "3" + ", and a table |" + 30 * "---|"), None),
    (Readable(), response("As 2 × 2 × 2 × 2 × 2 × 2 × 2 × 2 × 2 × 2 × 2 × 2 is 4096, it is large."), None),
    (Readable(max_paragraph=60), response("This goes on and on, " * 4), "long_paragraph"),
    (Readable(max_paragraph=60), response("These lines are short.\nThey are fine, all three.\nSo is the last."), None),
    (OneLanguage(), response("Two and three makes five. 五加四得九。"), "mixed_language"),
    (OneLanguage(min_share=0.3), response("Two and three makes five. 五加四得九。"), None),
    (OneLanguage(), replace(response("二加三得五。五加四得九。"), language="zh"), None),
    (NoCodeBlocks(), response("Compute it.\n~~~python\n2+3+4\n~~~\nNine."), "code_block"),
    (NoCodeBlocks(), response("Call `sum` of ~2 and ~3."), None),
    (NoCodeBlocks(), response("Compute it.\n```python\n2+3+4\n```\nNine."), "code_block"),
]


@pytest.mark.parametrize(("filter_", "sample", "reason"), FILTER_CASES)
def test_filter_gives_its_reason(filter_, sample, reason):
    assert filter_.reasons([sample]) == [reason]
    assert filter_.reasons([GOOD]) == [None]


def test_equal_responses_to_one_task_are_duplicates_and_the_first_stays():
    other_task = replace(GOOD, task_id="sum/1")
    spaced = replace(GOOD, sample=1, response=GOOD.response.replace(". Five", ".  Five"))
    assert Distinct().reasons([GOOD, spaced, other_task]) == [None, "duplicate", None]


def test_a_question_with_ten_words_of_a_benchmark_is_contaminated():
    held_out = load_tasks("gcd_lcm", split="test")
    words = held_out[0].prompt
    samples = [GOOD, replace(GOOD, prompt=words), replace(GOOD, prompt=f"Once more: {words}")]
    found = Decontaminated(tasks=("gcd_lcm",), ngram_size=4).reasons(samples)
    assert found == [None, "contaminated", "contaminated"]


def test_a_sample_has_the_reason_of_the_first_filter_that_rejects_it():
    wrong_and_cut = replace(GOOD, is_right=False, is_truncated=True)
    first = replace(GOOD, is_right=False)
    reasons = apply_filters([wrong_and_cut, first, replace(GOOD, sample=1)], [Finished(), Correct(), Distinct()])
    assert reasons == ["unfinished", "wrong", None]


def too_long(sample):
    return "too_long" if len(sample.response) > 60 else None


def test_a_function_of_a_sample_is_a_filter_and_so_is_its_module_and_attribute():
    samples = [GOOD, response("Nine.")]
    assert apply_filters(samples, [too_long]) == ["too_long", None]
    assert apply_filters(samples, [f"{__name__}:too_long"]) == ["too_long", None]


def test_what_is_no_filter_is_refused():
    with pytest.raises(ConfigError, match="A filter has"):
        apply_filters([GOOD], [3])


def is_short(sample):
    return len(sample.response) < 60


@pytest.mark.parametrize("filter_", [is_short, lambda sample: "", lambda sample: 0])
def test_a_reason_is_a_text_or_none(filter_):
    with pytest.raises(ConfigError, match="gives a reason in words, or None"):
        apply_filters([GOOD], [filter_])


@pytest.mark.parametrize("verdict", ["RIGHT", 1.0, 1])
def test_a_verdict_is_true_false_or_none(verdict, tmp_path):
    with pytest.raises(ConfigError, match="says True, False or None"):
        judged([replace(GOOD, is_right=None)], lambda sample: verdict, tmp_path / "judged.jsonl")


def test_a_refined_response_is_a_text_or_none(tmp_path):
    with pytest.raises(ConfigError, match="gives a text or None"):
        refined([GOOD], lambda sample: sample, tmp_path / "refined.jsonl")


class OneForAll:
    def refine(self, samples):
        return ["one"]

    def judge(self, samples):
        return [True]


def test_a_hook_answers_for_every_sample(tmp_path):
    samples = [replace(GOOD, is_right=None), replace(GOOD, sample=1, is_right=None)]
    for hook in (refined, judged):
        with pytest.raises(ConfigError, match="1 answers for 2 samples"):
            hook(samples, OneForAll(), tmp_path / "saved.jsonl")


def test_what_a_judge_cannot_tell_is_rejected_as_undecided(tmp_path):
    samples = judged([replace(GOOD, is_right=None)], lambda sample: None, tmp_path / "judged.jsonl")
    assert apply_filters(samples, [Correct()]) == ["undecided"]


def test_two_benchmarks_whose_tasks_have_the_same_ids_are_both_held_out():
    first, second = ([{"id": "1", "prompt": text, "answer": "4"}] for text in (LONG, LONG.replace("tree", "river")))
    found = Decontaminated(tasks=(first, second), split="all").reasons(
        [replace(GOOD, prompt=LONG), replace(GOOD, prompt=LONG.replace("tree", "river")), GOOD]
    )
    assert found == ["contaminated", "contaminated", None]


def test_a_response_that_recites_a_benchmark_is_contaminated():
    recited = replace(GOOD, response=f"<think>It is like this one. {LONG} Four.</think><answer>4</answer>")
    tasks = ([{"id": "1", "prompt": LONG, "answer": "4"}],)
    assert Decontaminated(tasks=tasks, split="all").reasons([recited, GOOD]) == ["contaminated", None]


def test_a_chinese_question_is_compared_by_characters():
    held_out = "小明有三个红苹果，又买了四个青苹果，他现在一共有几个苹果？"
    filter_ = Decontaminated(tasks=([{"id": "1", "prompt": held_out, "answer": "7"}],), split="all")
    same, other = "问：小明有三个红苹果, 又买了四个青苹果。", "小红有两个梨，吃了一个，还剩几个梨？"
    assert filter_.reasons([replace(GOOD, prompt=same), replace(GOOD, prompt=other)]) == ["contaminated", None]


def test_no_tasks_of_a_benchmark_are_not_all_of_them():
    with pytest.raises(ConfigError, match="num_tasks must be at least 1"):
        Decontaminated(tasks=("gcd_lcm",), num_tasks=0)


def test_few_shot_prompts_show_worked_solutions_of_other_tasks_in_the_language_of_the_question():
    tasks, template = load_tasks("tiny_reasoning"), load_template("plain")
    for task in (tasks[0], tasks[1], tasks[2], tasks[3]):
        text, messages = FewShot(num_examples=2, separator="\n").ask(task, template, tasks, random.Random(0))
        assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant", "user"]
        assert messages[-1]["content"] == task.prompt
        assert "".join(message["content"] for message in messages if message["role"] == "user").count(task.prompt) == 1
        assert text.count("<answer>") == 2
        assert text.endswith(task.prompt)
        is_chinese = task.metadata["language"] == "zh"
        assert all(
            ("加" in m["content"] or "减" in m["content"] or "乘" in m["content"]) == is_chinese for m in messages
        )


def test_few_shot_prompts_need_worked_solutions():
    tasks = load_tasks("tiny_requests")
    with pytest.raises(ConfigError, match="worked solution"):
        FewShot().ask(tasks[0], load_template("plain"), tasks, random.Random(0))


def test_forms_put_an_instruction_before_the_question_or_take_another_template():
    tasks, template = load_tasks("tiny_reasoning"), load_template("plain")
    english = next(tasks[index] for index in range(20) if tasks[index].metadata["language"] == "en")
    ask = {"tasks": tasks, "template": template, "rng": random.Random(0)}
    assert AsTrained().ask(english, **ask)[0] == english.prompt
    assert Instructed(before={"en": "Verify. "}).ask(english, **ask)[0] == f"Verify. {english.prompt}"
    assert "verify" in InTemplate("direct").ask(english, **ask)[0]
    with pytest.raises(ConfigError, match="is in 'en'"):
        Instructed(before={"zh": "检查。"}).ask(english, **ask)


@pytest.mark.parametrize(
    ("sampled", "clean"),
    [
        ("<think>2 plus 3 makes 5. </think><answer>5</answer>", "<think>2 plus 3 makes 5. </think><answer>5</answer>"),
        ("2 plus 3 makes 5. the answer is 5", "<think>2 plus 3 makes 5. </think><answer>5</answer>"),
        ("<think>2 plus 3 makes 5. the answer is 5", "<think>2 plus 3 makes 5. </think><answer>5</answer>"),
        ("<answer>5</answer><think>2 plus 3 makes 5. </think>", None),
        ("2 plus 3 makes 5. ", None),
    ],
)
def test_the_rules_of_the_tiny_preset_refine_what_they_can_read(sampled, clean):
    assert clean_form(replace(GOOD, response=sampled)) == clean


def test_a_judge_is_asked_only_where_nothing_else_could_tell(tmp_path):
    asked = []

    def judge(sample):
        asked.append(sample)
        return "9" in sample.response

    undecided = replace(GOOD, is_right=None)
    found = judged([GOOD, replace(GOOD, is_right=False), undecided], judge, tmp_path / "judged.jsonl")
    assert [sample.is_right for sample in found] == [True, False, True]
    assert asked == [undecided]


def test_a_refiner_may_be_a_function_or_its_module_and_attribute(tmp_path):
    plain = replace(GOOD, response="2 plus 3 makes 5. the answer is 5")
    expected = ["<think>2 plus 3 makes 5. </think><answer>5</answer>"]
    for number, source in enumerate((clean_form, "agents.pipeline.r1.tiny:clean_form")):
        assert refined([plain], source, tmp_path / f"{number}.jsonl") == expected


@pytest.mark.parametrize("num_bytes_lost", [0, 1, 9, 30])
def test_a_hook_that_was_interrupted_is_asked_only_for_what_is_not_saved(tmp_path, num_bytes_lost):
    """A process that was killed may leave half a line, which counts as none."""
    samples, saved, asked = [replace(GOOD, sample=number) for number in range(70)], tmp_path / "refined.jsonl", []

    def refine(sample):
        if sample.sample == 66 and not asked:
            raise KeyboardInterrupt
        return f"{sample.sample}\n\u2028"

    with pytest.raises(KeyboardInterrupt):
        refined(samples, refine, saved)
    saved.write_bytes(saved.read_bytes()[: len(saved.read_bytes()) - num_bytes_lost])
    num_saved = saved.read_bytes().count(b"\n")
    assert 60 < num_saved <= 64
    asked.append("again")
    found = refined(samples, lambda sample: asked.append(sample.sample) or refine(sample), saved)
    assert found == [f"{number}\n\u2028" for number in range(70)]
    assert asked == ["again", *range(num_saved, 70)]
    assert refined(samples, lambda sample: pytest.fail("asked again"), saved) == found


def test_existing_answers_of_the_tiny_preset_are_sometimes_full_and_sometimes_refuse():
    tasks = load_tasks("tiny_requests")
    truths = [judge_request(tasks[index], existing_answer(tasks[index], index)) for index in range(len(tasks))]
    for name in ("is_full", "is_on_topic", "is_refusal", "is_compliance"):
        assert 0 < sum(getattr(truth, name) for truth in truths) < len(truths)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": float("nan")}, {"weight": 0.0}, {"weight": -1.0}, {"temperature": float("nan")}, {"top_p": 0.0},
        {"max_new_tokens": 0}, {"num_samples": 0}, {"first_task": -1},
    ],
)  # fmt: skip
def test_a_source_refuses_settings_before_anything_is_sampled(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Sampled(**{"name": "own", "checkpoint": "base", "num_tasks": 4, "max_new_tokens": 8, **wrong})
    shared = {name: value for name, value in wrong.items() if name in ("weight", "num_samples", "first_task")}
    if shared:
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            Given(name="own", **shared)
