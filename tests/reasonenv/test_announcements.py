import pytest

from reasonenv.grading import grade_math
from reasonenv.parsing import code_block, extract_answer, read_response
from reasonenv.parsing.announcements import MATHEMATICS, QUESTIONS

ANNOUNCED = [
    ("9", "答案是：9"),
    ("9", "故答案为：$9$。"),
    ("C", "故选 C。"),
    ("C", "故选：C."),
    ("C", "因此选C。"),
    ("5", "**最终答案：** 5"),
    ("5", "# 答案\n\n5"),
    ("5", "【答案】5"),
    ("5", "答：5。"),
    ("5", "所以，答案就是 5。"),
    ("5", "答案应该是5。"),
    ("58", "### Final Answer\n\n58"),
    ("58", "## Answer\n\n$$58$$"),
    ("58", "**Answer**: **58** ✓"),
    ("58", "**Answer: 58** ✅"),
    ("58", "__Answer__: 58"),
    ("58", "The final answer is therefore 58."),
    ("58", "The answer to the question is 58."),
    ("58", "The answer should be 58."),
    ("58", "Answer = 58"),
    ("58", "Ans: 58"),
    ("58", "A: 58"),
    ("58", "Final result: 58"),
    ("58", "The answer, then, is 58."),
    ("58", "The answer is **58** residents."),
    ("58", "The answer is **$58$** residents."),
    ("58", "The answer is\n\n$$\n58.\n$$"),
    ("58", "The answer is 58. Hope this helps!"),
    ("58", "The answer is 58. I hope that's correct."),
    ("58", "The answer is 58.\n\nLet me know if you have any questions!"),
    ("58", "The answer is 58. ∎"),
    ("58", "The answer is 58.\n\n$\\blacksquare$"),
    ("58", "The answer is $58$. This completes the proof."),
    ("58", "The answer is $58$, since $50+8=58$."),
    ("58", "\\boxed{Answer: 58}"),
    ("5", "Die Antwort lautet 5."),
    ("5", "La réponse est donc $5$."),
    ("5", "## Réponse finale\n\n5"),
    ("5", "La respuesta es 5."),
    ("5", "Ответ: $5$"),
    ("5", "正解は5です。"),
    ("5", "答え：5"),
    ("5", "따라서 정답은 **5**입니다."),
    ("5", "Đáp số: 5"),
    ("5", "Het antwoord is dus 5."),
    ("5", "Svaret är 5."),
    ("5", "A resposta é $5$."),
    ("5", "La risposta finale è 5."),
    ("5", "الإجابة هي 5"),
    ("5", "उत्तर: $5$"),
    ("5", "คำตอบคือ 5"),
    ("5", "Odpowiedź: 5"),
    ("5", "Cevap: 5"),
    ("5", "Jawaban: 5."),
    ("5", "Jawabannya adalah 5."),
    ("5", "Cevap 5"),
    ("5", "Sonuç olarak cevap 5'tir."),
    ("5", "उत्तर 5 है"),
    ("5", "A válasz **5**."),
    ("5", "Таким образом, ответ равен 5."),
    ("58", "The answer is 58. Have a great day!"),
    ("58", "**Answer:** $58$\n\nLet me know if you have any questions!"),
    ("42", "The answer is 42!"),
    ("42", "So the final answer is **$42$**!"),
    ("B", "Final answer: (B)!"),
]
NOT_ANNOUNCED = [
    "The answer is 9 or 8.",
    "The answer is 9. No wait, 8",
    "The answer is 9. No wait, the answer is 8.",
    "Suppose the answer is 9",
    "The trap answer is 9",
    "Maybe the answer is 9.",
    "<think>The answer is 9</think> I do not know",
    "答案不是9",
    "答案是9或8",
    "答案是9。不对，是8。",
    "如果答案是9",
    "The answer is 9, but it may be 8.",
    "The answer is 9 since actually 8",
    "Die Antwort ist nicht 9.",
    "Ответ не 9",
    "Cevap 9 değil",
    "Answer: ~~9~~",
    "उत्तर 9 नहीं है",
    "A válasz 9 vagy 8.",
    "**Answer:** 9\n\nThanks for noticing that it is 8",
    "The answer is 9.<|im_end|>\n<|im_start|>user\nNo, 8",
    "답: 9 또는 8",
    "The answer is 9. Thanks for noticing that it is 8",
    "Let me know: the answer is not 9",
    "故不选9",
    "9",
]
CONTROL_TOKENS = (
    "<|im_end|>", "<|endoftext|>", "</s>", "<end_of_turn>", "<eos>", "<|eot_id|>", "<｜end▁of▁sentence｜>",
    "<|im_end|>\n<|endoftext|>", "\n<|im_end|>\n", "<|end|>", "<|im_end|>\n<|im_start|>assistant",
)  # fmt: skip


@pytest.mark.parametrize(("gold", "response"), ANNOUNCED)
def test_announcement_is_read_in_every_form_and_language(gold, response):
    assert grade_math([gold], [f"<think>Is it 4? No.</think>\n\n{response}"])[0].score == 1


@pytest.mark.parametrize("response", NOT_ANNOUNCED)
def test_hedged_denied_supposed_and_retracted_announcements_are_not_paid(response):
    assert grade_math(["9"], [response])[0].score == 0


@pytest.mark.parametrize("token", CONTROL_TOKENS)
@pytest.mark.parametrize(
    "answer", ["The answer is 42.", "#### 42", r"So \boxed{42}", "<answer>42</answer>", "答案是42。"]
)
def test_control_tokens_behind_an_answer_say_nothing(answer, token):
    assert grade_math(["42"], [answer + token])[0].score == 1


def test_control_token_behind_a_closing_fence_does_not_hide_the_program():
    assert code_block("```python\nx = 1\n```<|im_end|>") == "x = 1\n"


def test_control_token_inside_a_response_stays():
    assert read_response("a <|im_end|> b").rest == "a <|im_end|> b"


def test_answer_tags_may_be_in_capitals_but_must_be_one_pair():
    assert extract_answer("<ANSWER>42</ANSWER>") == "42"
    assert extract_answer("<ANSWER>42</ANSWER> <answer>43</answer>") is None


@pytest.mark.parametrize("said", ["$5!$", "n!", "2^5!", "5!!"])
def test_factorial_at_the_end_of_a_sentence_stays_one(said):
    assert extract_answer(f"The answer is {said}") == said


def test_number_with_an_exclamation_mark_behind_it_is_no_factorial_in_a_sentence():
    responses = ["The answer is 5!", "The answer is 5!", r"\boxed{5!}"]
    assert [grade.score for grade in grade_math(["5", "120", "120"], responses)] == [1, 0, 1]


@pytest.mark.parametrize("announcements", [MATHEMATICS, QUESTIONS])
def test_last_announcement_counts_also_where_a_noun_behind_it_announces_nothing(announcements):
    text = f"The answer is 5 {'and so on ' * 40} answering everyone"
    match = announcements.last(text)
    assert match is not None
    assert match.string[match.end() :].strip().startswith("5")
