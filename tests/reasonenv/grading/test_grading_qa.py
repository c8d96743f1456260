"""Grades of answers to questions: tables of (accepted answers, response, score), natural and hostile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonenv.grading import GradeStatus, grade_qa, unparsed_rate
from reasonenv.types import QAReference

CHOICES = ("Paris", "London", "A dog", "Berlin")

SHORT_ROWS = [
    (("Paris",), "Paris\n\nThe Eiffel Tower stands there.", 1),
    (("Paris",), "Paris. It is the capital of France.", 1),
    (("Paris",), "Paris. No, Lyon.", 0),
    (("Paris",), "**Paris**\n\nParis is the capital.", 1),
    (("July 4, 1776",), "4.7.1776", 1),
    (("July 4, 1776",), "7/4/1776", 0),
    (("Barack Obama",), "Obama, Barack", 1),
    (("blue whale",), "The blue whale", 1),
    (("Shakespeare", "William Shakespeare"), "It was written by William Shakespeare.", 1),
    (("1889",), "It was built in 1889.", 1),
    (("1889",), "It was built in 1889 or 1890.", 0),
    (("red",), "<answer>It's red</answer>", 1),
    (("the Netherlands",), "Netherlands", 1),
    (("Ho Chi Minh City",), "Hồ Chí Minh City", 1),
    (("Côte d'Ivoire",), "Cote d’Ivoire", 1),
    (("Xi'an",), "Xian", 1),
    (("Björk",), "Bjork", 1),
    (("Curaçao",), "Curacao", 1),
    (("Reykjavík",), "Reykjavik", 1),
    (("李白",), "答案：李白", 1),
    (("李白",), "诗人是李白。", 1),
    (("李白",), "李白和杜甫", 0),
    (("李白",), "不是李白", 0),
    (("四",), "4", 1),
    (("3.14",), "３．１４", 1),
    (("紫式部",), "作者は紫式部です。", 1),
    (("서울",), "서울입니다", 1),
    (("Москва",), "Ответ: Москва", 1),
    (("Berlin",), "Die Antwort lautet Berlin.", 1),
    (("Madrid",), "La capital es Madrid.", 1),
    (("Rom",), "Die Hauptstadt ist Rom.", 1),
    (("Roma",), "La capitale è Roma.", 1),
    (("Lisboa",), "A capital é Lisboa.", 1),
    (("Paris",), "La capitale est Paris.", 1),
    (("Paris",), "La réponse est Paris.", 1),
    (("Paris",), "<answer>London</answer> Actually Paris", 0),
    (("Paris",), "\\boxed{London} \\boxed{Paris}", 0),
    (("Paris",), "The answer is London. The answer is Paris.", 1),
    (("Paris",), "It might be Paris.", 0),
    (("Paris",), "Paris!", 1),
    (("Paris",), "PARIS", 1),
    (("Paris",), " paris ", 1),
    (("Paris",), "Pari", 0),
    (("Paris",), "Parisian", 0),
    (("Paris",), "par is", 0),
    (("Paris",), "paris", 1),
    (("Paris",), "<think>Paris</think><answer>London</answer>", 0),
    (("Paris",), "<think>Paris</think>", 0),
    (("Paris",), "Paris, London, Rome", 0),
    (("Paris",), "<answer>Paris</answer><answer>London</answer>", 0),
    (("3.5",), "35", 0),
    (("-5",), "5", 0),
    (("1/2",), "12", 0),
    (("50%",), "50", 0),
    (("C++",), "C", 0),
    (("C",), "C++", 0),
    (("C#",), "C", 0),
    (("1/2",), "0.5", 1),
    (("50%",), "50 percent", 1),
    (("“Hamlet”",), "Hamlet", 1),
    (("Ｔｏｋｙｏ",), "Tokyo", 1),
    (("José",), "Jose", 1),
    (("東京",), "東京です。", 1),
    (("東京",), "京東", 0),
    (("The",), "the", 1),
    (("A",), "the", 0),
    (("The",), "", 0),
    (("The Who",), "Who", 1),
    (("?",), "!", 0),
    (("July 20, 1969",), "20 July 1969", 1),
    (("1969",), "In 1969.", 1),
    (("1969",), "1968", 0),
    (("42",), "forty-two", 1),
    (("42",), "<answer>forty two</answer>", 1),
    (("Barack Obama",), "The 44th president was Barack Obama.", 1),
    (("Paris",), "It is not Paris.", 0),
    (("Paris",), "London or Paris", 0),
    (("北京",), "答案是北京。", 1),
    (("北京",), "首都不是北京", 0),
    (("O+",), "O", 0),
    (("O-",), "O+", 0),
    (("vitamin A",), "vitamin", 0),
    (("AT&T",), "AT and T", 1),
    (("J.R.R. Tolkien",), "J. R. R. Tolkien", 1),
    (("World War II",), "World War 2", 1),
    (("World War II",), "World War Two", 1),
    (("World War II",), "World War I", 0),
    (("1,000,000",), "1 million", 1),
    (("10²",), "102", 0),
    (("2½",), "21/2", 0),
    (("2½",), "2.5", 1),
    (("5 km",), "5000 m", 1),
    (("5 km",), "5 m", 0),
    (("$5",), "5 dollars", 1),
    (("$5",), "€5", 0),
    (("3:30 PM",), "15:30", 1),
    (("3:30 PM",), "3:30 AM", 0),
    (("São Paulo",), "Sao Paulo", 1),
    (("Gödel",), "Goedel", 1),
    (("New York City", "NYC"), "N.Y.C.", 1),
    (("Moscow", "Москва"), "москва", 1),
    (("e-mail",), "email", 1),
    (("007",), "7", 0),
    (("Ulysses",), "The novel is called *Ulysses*.", 1),
    (("Paris",), "<think>x</think>\n\n**Paris**", 1),
    (("Paris",), "The answer is: Paris", 1),
    (("Paris",), "So the final answer is \\boxed{Paris}.", 1),
    (("Paris",), "It's Paris.", 1),
    (("photosynthesis",), "This process is called photosynthesis.", 1),
    (("Au",), "The chemical symbol for gold is Au.", 1),
    (("H2O",), "H₂O", 1),
    (("CO2",), "CO₂", 1),
    (("The Beatles",), "Beatles", 1),
    (("the United States of America", "USA", "United States"), "U.S.A.", 1),
    (("United States", "US"), "U.S.", 1),
    (("George Washington",), "george washington", 1),
    (("12",), "Twelve", 1),
    (("September 11, 2001",), "11 September 2001", 1),
    (("4 July 1776",), "July 4th, 1776", 1),
    (("1990s",), "the 1990s", 1),
    (("1990s",), "1990", 0),
    (("-40",), "−40", 1),
    (("$20",), "20 dollars", 1),
    (("20%",), "twenty percent", 1),
    (("3.14",), "3.14159", 0),
    (("1e3",), "1000", 1),
    (("Romeo and Juliet",), "Romeo & Juliet", 1),
    (("Rock 'n' Roll",), "Rock ’n’ Roll", 1),
    (("Dr. Strange",), "Dr Strange", 1),
    (("Spider-Man",), "Spiderman", 1),
    (("Spider-Man",), "Spider Man", 1),
    (("Coca-Cola",), "coca cola", 1),
    (("naïve",), "naive", 1),
    (("Beyoncé",), "Beyonce", 1),
    (("Ångström",), "Angstrom", 1),
    (("Łódź",), "Lodz", 1),
    (("Zürich",), "Zurich", 1),
    (("Zürich",), "Zuerich", 1),
    (("ﬁsh",), "fish", 1),
    (("서울",), "정답은 서울입니다.", 1),
    (("東京",), "答えは東京です。", 1),
    (("Napoléon Bonaparte",), "Napoleon Bonaparte", 1),
    (("yes",), "no", 0),
    (("NaN",), "nan", 1),
    (("none",), "None", 1),
    (("x",), "y", 0),
    (("<div>",), "<div>", 1),
    (("/etc/passwd",), "/etc/passwd", 1),
    (("O(n log n)",), "O(n log n)", 1),
    (("O(n)",), "O(n^2)", 0),
    (("O(n^2)",), "O(n2)", 0),
    (("a/b",), "a/b", 1),
    (("v1.2",), "v12", 0),
    (("v1.2",), "v1.2", 1),
    (("1.2.3",), "1.2.4", 0),
    (("192.168.0.1",), "192.168.0.1", 1),
    (("192.168.0.1",), "19216801", 0),
    (("10:30",), "1030", 0),
    (("2:1",), "21", 0),
    (("50°",), "50", 0),
    (("3",), "3.", 1),
]

NUMBER_ROWS = [
    (("5000000",), "USD 5 million", 1),
    (("$5 million",), "5 million USD", 1),
    (("1.5 million",), "1,5 million", 1),
    (("€1234.56",), "1.234,56 €", 1),
    (("25",), "25岁", 1),
    (("25",), "二十五岁", 1),
    (("100 km",), "100公里", 1),
    (("42",), "~42", 1),
    (("42",), "≈ 42", 1),
    (("42",), "= 42", 1),
    (("42",), "The total is 42.", 1),
    (("42",), "42 students", 1),
    (("42",), "There were 40 boys and 2 girls, so 42.", 0),
    (("42",), "The answer is 42 because 40+2=42.", 1),
    (("3",), "Three.", 1),
    (("3",), "3 apples and 2 pears", 0),
    (("2 hours",), "120 minutes", 1),
    (("42",), "There are 42 apples in the basket.", 1),
    (("42",), "The answer is approximately 42", 1),
    (("42",), "not 42", 0),
    (("42",), "41 or 42", 0),
    (("42",), "<answer>42 apples</answer>", 1),
    (("3.5",), "3,5", 1),
    (("1234",), "1,234", 1),
    (("1.234",), "1,234", 0),
    (("1234.5",), "1.234,5", 1),
    (("50%",), "50", 0),
    (("50",), "50%", 0),
    (("0.5",), "50%", 1),
    (("-3",), "minus three", 1),
    (("-3",), "3", 0),
    (("1.5 million",), "1,500,000", 1),
    (("12",), "a dozen", 1),
    (("20 °C",), "20 degrees Celsius", 1),
    (("20 °C",), "20 °F", 0),
    (("5 feet",), "60 inches", 1),
    (("100",), "１００", 1),
    (("30000",), "3万", 1),
    (("21",), "二十一", 1),
    (("1/3",), "0.33", 0),
    (("\\frac{1}{2}",), "\\boxed{\\frac{1}{2}}", 1),
    (("12",), "12 13", 0),
    (("7",), "1 2 3 4 5 6 7", 0),
    (("42",), "The answer is 42.", 1),
    (("42",), "42!", 1),
    (("$1,000",), "1000 USD", 1),
    (("3",), "three", 1),
    (("3",), "<answer>x = 3</answer>", 1),
    (("25",), "**25**", 1),
    (("25",), "25.0", 1),
    (("25",), "25.5", 0),
    (("1969",), "It happened in 1969.", 1),
    (("3600 seconds",), "1 hour", 1),
    (("5",), "five (5)", 1),
    (("7",), "seven", 1),
    (("7",), "<answer>The answer is 7.</answer>", 1),
    (("7",), "It takes 7 days.", 1),
    (("1000",), "1,000.00", 1),
    (("1000",), "1.000", 0),
    (("1000",), "1k", 1),
    (("0.05",), "5%", 1),
    (("5%",), "0.05", 1),
    (("5%",), "5", 0),
    (("2/3",), "0.667", 0),
    (("2/3",), "2 / 3", 1),
    (("72",), "72 km/h", 1),
    (("72 km/h",), "20 m/s", 1),
    (("72 km/h",), "72 mph", 0),
    (("180°",), "180 degrees", 1),
    (("3 hours",), "180 min", 1),
    (("1 year",), "12 months", 1),
    (("1 week",), "7 days", 1),
    (("100 cm",), "1 m", 1),
    (("6 ft",), "6 feet", 1),
    (("€3.50",), "3,50 €", 1),
    (("£3",), "3 pounds", 1),
    (("¥100",), "100円", 1),
    (("100",), "one hundred", 1),
    (("101",), "one hundred and one", 1),
    (("1100",), "eleven hundred", 1),
    (("1.5",), "one and a half", 1),
    (("1.5",), "1 1/2", 1),
    (("1.5",), "1½", 1),
    (("0.5",), ".5", 1),
    (("0",), "zero", 1),
    (("0",), "none", 0),
    (("8",), "8 or 9", 0),
    (("8",), "more than 8", 0),
    (("8",), "8 (eight)", 1),
    (("3",), "<answer>1, 2, 3</answer>", 0),
    (("-7",), "- 7", 1),
    (("6.02e23",), "6.02 × 10^23", 1),
    (("1000000",), "10^6", 1),
    (("5",), "5/1", 1),
    (("42",), "forty two apples", 1),
    (("300000000",), "3亿", 1),
    (("15",), "十五", 1),
    (("2024",), "二〇二四年", 1),
    (("25",), "２５", 1),
    (("25",), "٢٥", 1),
    (("12",), "12 hundred", 0),
    (("12",), "12 million", 0),
    (("12 million",), "12", 0),
    (("3.0",), "3", 1),
    (("1,234",), "1234", 1),
    (("37 °C",), "37 C", 1),
    (("2",), "2 and 3", 0),
    (("5",), "5, 6", 0),
    (("56",), "5,6", 0),
]

BOOLEAN_ROWS = [
    (("yes",), "<answer>Yes\n\nBecause.</answer>", 1),
    (("yes",), 'The answer is "yes".', 1),
    (("no",), '"No"', 1),
    (("false",), "False, not true", 1),
    (("true",), "(True)", 1),
    (("no",), "It is false that they are equal.", 1),
    (("no",), "It's not correct.", 1),
    (("yes",), "Answer: Yes/No", 0),
    (("yes",), "sim", 1),
    (("yes",), "Yes, because it floats.", 1),
    (("no",), "No one knows.", 0),
    (("no",), "No.", 1),
    (("true",), "The statement is not true.", 0),
    (("false",), "The statement is not true.", 1),
    (("yes",), "Yes and no.", 0),
    (("yes",), "true", 1),
    (("no",), "<answer>nein</answer>", 1),
    (("yes",), "是的", 1),
    (("no",), "The answer is no.", 1),
    (("no",), "not", 0),
    (("yes",), "<think>yes</think> no", 0),
    (("yes",), "Yes! Absolutely.", 1),
    (("yes",), "Yes it is", 1),
    (("no",), "No, not at all.", 1),
    (("yes",), "Correct.", 1),
    (("no",), "Incorrect, since", 1),
    (("true",), "<answer>TRUE</answer>", 1),
    (("no",), "Nope", 1),
    (("no",), "I don't think so", 0),
    (("yes",), "The answer is yes.", 1),
    (("yes",), "The answer is: yes, they do.", 1),
    (("no",), "Not necessarily yes", 0),
    (("yes",), "It is not false", 1),
    (("no",), "True", 0),
    (("yes",), "Unknown", 0),
    (("no",), "Nobody", 0),
    (("no",), "Norway", 0),
    (("yes",), "Yesterday", 0),
    (("true",), "Truely", 0),
    (("yes",), "\\boxed{\\text{Yes}}", 1),
    (("no",), "否", 1),
    (("no",), "不正确", 1),
    (("yes",), "正确", 1),
    (("yes",), "Tak", 1),
    (("no",), "The claim isn't true.", 1),
    (("false",), "That is incorrect.", 1),
]

CHOICE_ROWS = [
    (("C",), "I'd choose C.", 1),
    (("C",), "The answer should be (C).", 1),
    (("C",), "So, C.", 1),
    (("C",), "C", 1),
    (("C",), " c ", 1),
    (("C",), "C: A dog", 1),
    (("C",), "C - A dog", 1),
    (("C",), "C, A dog", 1),
    (("C",), "A dog", 1),
    (("C",), "dog", 1),
    (("C",), "[[C]]", 1),
    (("C",), "<C>", 1),
    (("C",), "Choice C is correct.", 1),
    (("C",), "The right answer is choice C", 1),
    (("C",), "C and not B", 1),
    (("C",), "Not C", 0),
    (("C",), "B isn't right; C is correct.", 1),
    (("C",), "A) wrong\nB) wrong\nC) right", 0),
    (("C",), "Clearly", 0),
    (("D",), "Don't know", 0),
    (("B",), "Because", 0),
    (("A",), "An answer", 0),
    (("B",), "答：B", 1),
    (("B",), "我选B", 1),
    (("B",), "B选项", 1),
    (("B",), "选项B是正确的", 1),
    (("B",), "정답: B", 1),
    (("B",), "Réponse : B", 1),
    (("B",), "Antwort: B", 1),
    (("B",), "Respuesta: B)", 1),
    (("B",), "Answer: B", 1),
    (("A",), "Answer: Alice", 0),
    (("A",), "a", 0),
    (("A",), "I think a lot", 0),
    (("B",), "Answer：（B）", 1),
    (("B",), "**B**", 1),
    (("B",), "\\boxed{B}", 1),
    (("B",), "London", 1),
    (("B",), "B) London", 1),
    (("A",), "<think>Answer: A</think> I am unsure.", 0),
    (("B",), "Answer: A. Wait. Answer: B", 1),
    (("A",), "Answer: A. Wait. Answer: B", 0),
    (("A",), "A, B, C, D", 0),
    (("Paris",), "(A)", 1),
    (("A, C",), "A and C", 1),
    (("A, C",), "A", 0),
    (("B",), "A or B", 0),
    (("A",), "(A) London", 0),
    (("A",), "(a)", 1),
    (("D",), "The correct answer is (D) Berlin.", 1),
    (("D",), "The best answer is D", 1),
    (("D",), "D is the correct answer.", 1),
    (("D",), "My final answer is: D", 1),
    (("D",), "答案是D", 1),
    (("D",), "正确答案：D。", 1),
    (("D",), "选择D", 1),
    (("D",), "The answer is **D**.", 1),
    (("D",), "Answer: [D]", 1),
    (("D",), "Answer: {D}", 1),
    (("D",), "The answer is option D.", 1),
    (("D",), "The correct option is D, i.e. Berlin.", 1),
    (("D",), "Answer: D) Berlin", 1),
    (("D",), "**D) Berlin**", 1),
    (("D",), "D. Berlin", 1),
    (("D",), "d) Berlin", 1),
    (("D",), "Berlin.", 1),
    (("D",), "The capital is Berlin.", 1),
    (("D",), "Could be D. Maybe A.", 0),
    (("D",), "D, or maybe A", 0),
    (("A",), "A dog is an animal", 0),
    (("A",), "A", 1),
    (("A",), "<answer>A</answer>", 1),
    (("A",), "Answer: A.", 1),
    (("A",), "Answer: As we see, D", 0),
    (("A",), "The answer: A because Paris", 1),
    (("A",), "The answer is a", 0),
    (("A",), "I", 0),
    (("D",), "A: no. B: no. C: no. D: yes.\nAnswer: D", 1),
    (("A",), "A: no. B: no. C: no. D: yes.\nAnswer: D", 0),
    (("A",), "None of the above", 0),
    (("B",), "Option (B)", 1),
    (("B",), "<answer>\\boxed{B}</answer>", 1),
    (("B",), "$B$", 1),
    (("B",), "\\(B\\)", 1),
    (("B",), "\\boxed{\\textbf{(B) }London}", 1),
    (("B",), "The answer is B: London", 1),
    (("B",), "Ans: B", 1),
    (("B",), 'The answer is "B".', 1),
    (("B",), "Final Answer: The final answer is B", 1),
    (("B",), "B\n\nExplanation: A is a distractor.", 1),
]

LETTER_ROWS = [
    (("A",), "Answer: A", 1),
    (("A",), "Answer: A dog", 0),
]

LIST_ROWS = [
    (("red", "blue"), "(1) red (2) blue", 1),
    (("red", "blue"), "1) red, 2) blue", 1),
    (("red", "blue"), "both red and blue", 1),
    (("red", "blue"), "The answer is red, blue and possibly green", 0),
    (("red", "blue"), "red, blue or green", 0),
    (("red", "green", "blue"), "blue, red and green", 1),
    (("red", "green", "blue"), "red, green", 0),
    (("red", "green", "blue"), "red, green, blue, black", 0),
    (("red", "green", "blue"), "The colours are: red, blue, green, red.", 1),
    (("red", "green", "blue"), "- red\n- green\n- blue", 1),
    (("红", "绿"), "红、绿", 1),
    (("salt and pepper", "oil"), "oil, salt and pepper", 1),
    (("Washington, D.C.", "Paris"), "Paris and Washington, D.C.", 1),
    (("Trinidad and Tobago", "Cuba"), "Cuba and Trinidad and Tobago", 1),
    (("1", "2", "3"), "1, 2, 3", 1),
    (("1", "2", "3"), "3; 2; 1", 1),
    (("red, green and blue",), "green, blue, red", 1),
    (("red", "blue"), "The answer is red and blue.", 1),
    (("red", "blue"), "The answer is:\n1. red\n2. blue", 1),
    (("red", "blue"), "red or blue", 0),
    (("1,000", "2,000"), "1,000, 2,000", 1),
    (("France", "Spain"), "France y España", 0),
    (("red", "blue"), "\\boxed{red, blue}", 1),
    (("red", "blue"), "[red, blue]", 1),
    (("red", "blue"), '["red", "blue"]', 1),
    (("Paris", "Rome"), "Rome, Paris.", 1),
    (("Paris", "Rome"), "Paris & Rome", 1),
    (("Paris", "Rome"), "Paris\nRome", 1),
    (("Paris", "Rome"), "Paris; Rome; London", 0),
    (("Paris", "Rome"), "Paris / Rome", 1),
    (("Paris", "Rome"), "The cities are Paris and Rome.", 1),
    (("Paris", "Rome"), "Paris, Paris", 0),
    (("a", "b", "c"), "a,b,c", 1),
    (("a", "b", "c"), "{c, b, a}", 1),
    (("1", "2"), "1 and 2", 1),
    (("1", "2"), "1,2", 1),
    (("1", "2", "3"), "1,2,3", 1),
    (("12", "3"), "1, 23", 0),
    (("red", "blue"), "**red**, **blue**", 1),
    (("red", "blue"), "red, blue, etc.", 0),
    (("red", "blue"), "red and not blue", 0),
    (("北京", "上海"), "北京和上海", 1),
    (("北京", "上海"), "北京，上海", 1),
    (("東京", "大阪"), "東京と大阪", 1),
    (("rojo", "azul"), "rojo y azul", 1),
    (("rouge", "bleu"), "rouge et bleu", 1),
    (("rot", "blau"), "rot und blau", 1),
    (("red", "blue"), "* red\n* blue", 1),
    (("New York", "Los Angeles"), "Los Angeles, New York", 1),
    (("apple",), "apple", 1),
    (("5 km", "3 km"), "3000 m, 5 km", 1),
    (("red", "blue"), "red, blue, and green", 0),
]

CITATION_ROWS = [
    (("1", "3"), "(1)(3)", 1),
    (("1",), "[doc1]", 1),
    (("2",), "Document [2] says so.", 1),
    (("Smith 2020",), "so [Smith 2020].", 1),
    (("1", "3"), "It was built in 1889 [1][3].", 1),
    (("1", "3"), "[1,3]", 1),
    (("1", "3"), "[1, 2, 3]", 0),
    (("1", "3"), "[1-3]", 0),
    (("2",), "It was so (doc 2).", 1),
    (("2",), "It was so in 2.", 0),
    (("1", "3"), "1 and 3", 1),
    (("1", "3"), "<answer>1, 3</answer>", 1),
    (("1", "3"), "Sources: 1, 3", 1),
    (("1", "3"), "The first says so [1]. The other as well [3].", 1),
    (("1",), "<think>[1]</think> none", 0),
    (("1", "2", "3"), "[1-3]", 1),
    (("[1]", "[3]"), "documents 1 and 3", 1),
    (("2",), "【2】", 1),
    (("1",), "[1] [2] [3] [4]", 0),
    (("2",), "(2)", 1),
    (("doc2",), "[doc2]", 1),
    (("2",), "[doc 2]", 1),
    (("1", "3"), "Both doc 1 and doc 3 say so.", 1),
    (("1", "3"), "[1] and [3]", 1),
    (("1",), "In 1889 (1889), see [1].", 1),
    (("1",), "[1]", 1),
    (("1", "2"), "[1], [2]", 1),
    (("1", "2"), "[1–2]", 1),
    (("1", "2"), "[1;2]", 1),
    (("1", "2"), "(1, 2)", 1),
    (("4",), "see document 4", 1),
    (("4",), "[4] and [5]", 0),
    (("3",), "Source 3", 1),
    (("3",), "[source 3]", 1),
    (("3",), "[^3]", 1),
    (("3",), "³", 1),
    (("3",), "3", 1),
    (("3",), "The answer is 3 [2]", 0),
    (("2", "5"), "Docs 2 and 5", 1),
    (("2", "5"), "docs 2, 5", 1),
    (("10",), "[1][0]", 0),
    (("1", "10"), "[10][1]", 1),
    (("2",), "It was built in 1889 [2].", 1),
    (("2",), "As document 2 says, 3 people died.", 1),
    (("2",), "", 0),
]


def score(response, *answers, kind="short", **fields):
    return grade_qa([QAReference(kind=kind, answers=answers, **fields)], [response])[0].score


@pytest.mark.parametrize(("answers", "response", "expected"), SHORT_ROWS)
def test_short_answer_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers) == expected


@pytest.mark.parametrize(("answers", "response", "expected"), NUMBER_ROWS)
def test_number_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="number") == expected


@pytest.mark.parametrize(("answers", "response", "expected"), BOOLEAN_ROWS)
def test_boolean_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="boolean") == expected


@pytest.mark.parametrize(("answers", "response", "expected"), CHOICE_ROWS)
def test_choice_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="choice", choices=CHOICES) == expected


@pytest.mark.parametrize(("answers", "response", "expected"), LETTER_ROWS)
def test_choice_without_the_texts_of_options_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="choice") == expected


@pytest.mark.parametrize(("answers", "response", "expected"), LIST_ROWS)
def test_list_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="list") == expected


@pytest.mark.parametrize(("answers", "response", "expected"), CITATION_ROWS)
def test_citation_is_graded_as_the_table_says(answers, response, expected):
    assert score(response, *answers, kind="citation") == expected


# One test for each known trap of rules for question answering.


def test_trap_decimal_point_is_kept():
    assert score("35", "3.5") == 0


def test_trap_sign_is_kept():
    assert score("5", "-5") == 0


def test_trap_fraction_bar_is_kept():
    assert score("12", "1/2") == 0


def test_trap_percent_sign_is_kept():
    assert score("50", "50%") == score("50%", "50") == 0


def test_trap_unit_is_kept():
    assert score("5 m", "5 km") == score("5", "5 km") == 0


def test_trap_plus_and_hash_are_kept():
    assert score("C", "C++") == score("C", "C#") == score("C#", "C++") == 0


def test_trap_curly_quotes_are_the_same_as_straight_ones():
    assert score("“Schindler’s List”", "Schindler's List") == 1


def test_trap_full_width_characters_are_the_same_as_narrow_ones():
    assert score("Ｔｏｋｙｏ　２０２０", "Tokyo 2020") == 1


def test_trap_accents_may_be_left_out():
    assert score("Sao Paulo", "São Paulo") == score("São Paulo", "Sao Paulo") == 1


def test_trap_marks_that_are_letters_are_kept():
    assert score("か", "が") == score("дай", "даи") == score("दल्ली", "दिल्ली") == 0


@pytest.mark.parametrize("gold", ["The", "a", "?", "...", "The The", "An", "!!", "-"])
def test_trap_gold_answer_is_never_emptied(gold):
    assert score(f"<answer>{gold}</answer>", gold) == 1
    assert score("<answer>the</answer>", gold) == (gold.lower() == "the")
    assert score("<answer> </answer>", gold) == score("", gold) == 0


def test_trap_superscripts_and_vulgar_fractions_are_not_flattened():
    assert score("102", "10²") == score("21/2", "2½") == 0
    assert score("10^2", "10²") == score("2.5", "2½") == 1


def test_trap_overlap_of_chinese_is_counted_in_characters():
    (grade,) = grade_qa([QAReference(kind="short", answers=("北京市",))], ["<answer>北京</answer>"])
    assert grade.score == 0
    assert grade.details["f1"] == pytest.approx(0.8)


def test_trap_choice_counts_only_after_the_thinking():
    assert score("<think>Answer: A</think> I cannot say.", "A", kind="choice") == 0
    assert score("<think>Answer: A</think> Answer: B", "A", kind="choice") == 0
    assert score("<think>Answer: A", "A", kind="choice") == 0


def test_trap_choice_is_the_last_one_announced():
    response = "The answer is A. No, that was wrong. The answer is C."
    assert score(response, "C", kind="choice") == 1
    assert score(response, "A", kind="choice") == 0


@pytest.mark.parametrize(
    "form", ["**{}**", "({})", r"\boxed{{{}}}", "Answer：{}", "Answer: （{}）", r"$\boxed{{\text{{{}}}}}$"]
)
def test_trap_choice_may_be_emphasised_bracketed_boxed_or_behind_a_full_width_colon(form):
    assert score(form.format("C"), "C", kind="choice") == 1


@pytest.mark.parametrize("name", ["Alice", "A-flat", "A's", "Apple", "A+", "AB", "A1", "A.B"])
def test_trap_choice_needs_a_boundary(name):
    assert score(f"Answer: {name}", "A", kind="choice") == 0


@pytest.mark.parametrize("response", ["a", "Answer: a", "I think a is fine", "a good one", "<answer>a</answer>"])
def test_trap_bare_lower_case_a_is_an_article(response):
    assert score(response, "A", kind="choice") == 0


@pytest.mark.parametrize("response", ["I", "I think so", "Answer: I would say so", "The answer is I", "I is right"])
def test_trap_bare_i_is_a_pronoun(response):
    assert score(response, "I", kind="choice", choices=tuple("123456789")) == 0


def test_trap_option_text_is_mapped_to_its_letter():
    assert score("The answer is Berlin.", "D", kind="choice", choices=CHOICES) == 1
    assert score("The answer is D.", "Berlin", kind="choice", choices=CHOICES) == 1
    assert score("D) London", "D", kind="choice", choices=CHOICES) == 0


def test_trap_unparsed_answers_are_told_from_wrong_ones_and_counted():
    references = [QAReference(kind="choice", answers=("A",))] * 3 + [QAReference(kind="open")]
    grades = grade_qa(references, ["Answer: A", "Answer: B", "Answer: Alice", "Hello!"])
    assert [grade.status for grade in grades] == ["correct", "wrong", "no_answer", "no_rule"]
    assert unparsed_rate(grades) == pytest.approx(1 / 3)
    assert math.isnan(unparsed_rate(grades[3:]))


@pytest.mark.parametrize(
    "response",
    [
        "<answer>London</answer><answer>Paris</answer>",
        "<answer>Paris</answer><answer>London</answer>",
        "<answer>Paris",
        "Paris</answer>",
        "</answer>Paris<answer>",
        "<answer><answer>Paris</answer></answer>",
    ],
)
def test_trap_answer_block_must_be_exactly_one(response):
    assert score(response, "Paris") == 0


def test_trap_answer_has_a_length_cap():
    (grade,) = grade_qa(
        [QAReference(kind="short", answers=("Paris",))], [f"<answer>Paris{' ' * 5}{'x' * 2000}</answer>"]
    )
    assert (grade.status, grade.details) == (GradeStatus.NO_ANSWER, {"reason": "the answer is too long to be compared"})


@pytest.mark.parametrize("joint", [", ", "; ", " or ", " / ", " and ", "\n", " "])
def test_trap_listing_candidates_is_not_rewarded(joint):
    cities = ["London", "Paris", "Rome", "Berlin"]
    assert score(f"<answer>{joint.join(cities)}</answer>", "Paris") == 0
    assert score(f"<answer>{joint.join(cities)}</answer>", "Paris", "Rome", kind="list") == 0
    assert score(f"<answer>{joint.join('ABCD')}</answer>", "B", kind="choice") == 0
    assert score(f"<answer>{joint.join('123456789')}</answer>", "7", kind="number") == 0


def test_trap_citing_every_source_is_not_rewarded():
    assert score("It was so [1][2][3][4][5].", "2", "4", kind="citation") == 0


def test_open_question_has_no_score_and_says_why():
    (grade,) = grade_qa([QAReference(kind="open")], ["<answer>anything</answer>"])
    assert math.isnan(grade.score)
    assert (grade.status, grade.answer) == (GradeStatus.NO_RULE, None)


@pytest.mark.parametrize(
    "reference",
    [
        QAReference(kind="short"),
        QAReference(kind="short", answers=("",)),
        QAReference(kind="list", answers=("red", " ")),
        QAReference(kind="boolean", answers=("perhaps",)),
        QAReference(kind="constrained"),
        QAReference(kind="short", answers=("x" * 5000,)),
    ],
)
def test_reference_that_says_nothing_gives_no_score(reference):
    (grade,) = grade_qa([reference], ["<answer>x</answer>"])
    assert grade.status is GradeStatus.GOLD_UNPARSEABLE
    assert math.isnan(grade.score)


def test_order_counts_only_where_the_reference_says_so():
    members = ("red", "green", "blue")
    assert score("blue, green, red", *members, kind="list") == 1
    assert score("blue, green, red", *members, kind="list", is_ordered=True) == 0
    assert score("red > green > blue", *members, kind="list", is_ordered=True) == 1
    assert score("red, green, blue, red", *members, kind="list", is_ordered=True) == 0


def test_members_that_the_reference_repeats_must_be_repeated():
    assert score("3, 3, 5", "3", "5", "3", kind="list") == 1
    assert score("3, 5", "3", "5", "3", kind="list") == 0


def test_list_says_how_much_of_it_was_right():
    (grade,) = grade_qa([QAReference(kind="list", answers=("red", "green"))], ["<answer>red, blue</answer>"])
    assert grade.details == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_private_mark_cannot_claim_a_member():
    assert score("\ue0000\ue000, \ue0001\ue000", "salt and pepper", "oil and vinegar", kind="list") == 0


def test_several_letters_must_all_be_chosen():
    for gold in ("A, C", "AC", "A and C"):
        assert score("A and C", gold, kind="choice") == 1
        assert score("A", gold, kind="choice") == score("A, B, C", gold, kind="choice") == 0


def test_constraints_must_all_be_kept():
    constraints = ("max_words 5", "include river")
    (kept, broken) = grade_qa(
        [QAReference(kind="constrained", constraints=constraints)] * 2,
        ["<answer>The river is wide.</answer>", "<think>river</think> The lake is wide."],
    )
    assert (kept.score, kept.details) == (1, {"kept": 1.0, "broken": []})
    assert (broken.score, broken.details) == (0, {"kept": 0.5, "broken": ["include river"]})


def test_responses_and_references_must_be_as_many():
    with pytest.raises(ValueError, match="got 1 references and 2 responses"):
        grade_qa([QAReference(kind="open")], ["", ""])


GARBAGE = (
    "",
    " ",
    "\x00",
    "\ud800",
    "<think>",
    "</answer><answer>",
    "(" * 3000,
    "1" * 5000,
    "1e999999999",
    "9^9^9^9",
    "，" * 500,
)
KINDS = ("short", "number", "boolean", "choice", "list", "citation")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_scores_nothing_and_never_raises(kind, garbage):
    gold = {"boolean": "yes", "choice": "B", "citation": "4"}.get(kind, "42")
    for response in (garbage, f"<answer>{garbage}</answer>", f"The answer is {garbage}", rf"\boxed{{{garbage}}}"):
        assert score(response, gold, kind=kind) == 0


@given(kind=st.sampled_from(KINDS), response=st.text(), gold=st.text(min_size=1, max_size=30))
def test_any_text_can_be_graded_against_any_other(kind, response, gold):
    (grade,) = grade_qa([QAReference(kind=kind, answers=(gold,))], [f"<answer>{response}</answer>"])
    assert grade.score in (0, 1) or math.isnan(grade.score)


@given(gold=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_gold_answer_itself_is_right(gold):
    assert score(f"<think>hm</think> <answer>{gold}</answer>", gold) == 1


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_number_equals_itself_and_no_neighbour(number):
    assert score(f"<answer>{number}</answer>", str(number), kind="number") == 1
    assert score(f"<answer>{number + 1}</answer>", str(number), kind="number") == 0


@given(members=st.lists(st.integers(0, 10**6), min_size=2, max_size=8, unique=True), data=st.data())
def test_list_is_right_in_any_order_and_wrong_without_a_member(members, data):
    shuffled = data.draw(st.permutations(members))
    answers = tuple(map(str, members))
    assert score(f"<answer>{', '.join(map(str, shuffled))}</answer>", *answers, kind="list") == 1
    assert score(f"<answer>{', '.join(map(str, shuffled[1:]))}</answer>", *answers, kind="list") == 0


@pytest.mark.parametrize("kind", ["short", "number", "boolean", "list", "choice", "citation"])
@pytest.mark.parametrize(
    "markup", ["`", "``", "```", "**", "__", "$$", "<answer>```</answer>", r"\boxed{**}", "~~", '""']
)
def test_markup_without_a_text_is_not_the_answer(kind, markup):
    reference = QAReference(kind=kind, answers=("yes" if kind == "boolean" else "A",), choices=("x", "y"))
    (grade,) = grade_qa([reference], [markup])
    assert grade.score == 0
