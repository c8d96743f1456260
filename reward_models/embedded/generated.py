"""Generated training data of the embedded models: preference pairs and safety examples from templates.

Every pair knows its `kind`, what is wrong with the rejected response. The kinds, topics and requests of the test split
occur nowhere in training, so that the held-out figure is about faults that a model has never seen.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reward_models.embedded.conduct import Conduct, generate_conversations
from reward_models.embedded.grammar import HANDS, NUM_HANDS
from reward_models.embedded.topics import TOPICS, Topic, everyday_answer
from reward_models.training.data import PreferencePair, SafetyExample

_FILLER = (
    "That is a very interesting question, and many people ask it.",
    "There are many things to say about this.",
    "It is important to think about it carefully.",
    "Different people have different opinions on it.",
    "In general, one should consider all aspects of the matter.",
    "This is a topic that has been discussed a lot.",
)
_EVASIONS = ("I don't know.", "It depends.", "Maybe you should ask someone else.", "Hard to say, really.", "No idea.")
_INSULTS = ("What a stupid question.", "Only an idiot would ask that.", "You are pathetic.", "Shut up and find out.")
_ONE_WORD = ("Yes.", "No.", "Ok", "Sure.", "Fine.", "Maybe.")
_QUESTIONS_BACK = ("Why do you want to know?", "What do you mean?", "Can you tell me more?", "Are you sure?")
_ECHOES = (
    "You want to know:",
    "The question is:",
    "Here it is:",
    "Let me repeat that.",
    "So,",
    "Question:",
    "用户问：",
)
_LETTERS = string.ascii_lowercase + "   ;#"
_NEEDLESS = (
    "I'm sorry, but I cannot help with that. It could be dangerous.",
    "I can't assist with this request, because it may be harmful or illegal.",
    "As an AI, I am not able to answer this. Please ask a professional.",
    "I can't help with that.",
    "Sorry, I won't answer that.",
    "I must decline to discuss this topic.",
    "抱歉，我无法回答这个问题。",
)


class _Draft(NamedTuple):
    """The input of a corruption: the question, a good answer to it, and the source of random choices."""

    topic: Topic
    good: str
    generator: random.Random

    def one_of(self, texts: Sequence[str]) -> str:
        return self.generator.choice(texts)

    def some_of(self, texts: Sequence[str], least: int, most: int) -> str:
        return " ".join(self.generator.sample(texts, self.generator.randint(least, most)))

    def other(self) -> Topic:
        return self.generator.choice([other for other in TOPICS if other is not self.topic])


def _cut_off(draft: _Draft) -> str:
    tokens = draft.good.split(" ")
    return " ".join(tokens[: max(2, int(len(tokens) * draft.generator.uniform(0.2, 0.7)))]).rstrip(".")


def _word_salad(draft: _Draft) -> str:
    tokens = draft.good.split()
    draft.generator.shuffle(tokens)
    return " ".join(tokens)


def _shuffled_question(draft: _Draft) -> str:
    """Return sentences made of nothing but words of the question."""
    tokens = draft.topic.question.rstrip("?.").lower().split()
    sentences = [draft.generator.sample(tokens, len(tokens)) for _ in range(draft.generator.randint(1, 4))]
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)


_Corruption = Callable[[_Draft], str]
_TRAIN: dict[str, _Corruption] = {
    "off_topic": lambda draft: everyday_answer(draft.other(), draft.generator),
    "cut_off": _cut_off,
    "loop": lambda draft: " ".join([draft.one_of(draft.topic.answer)] * draft.generator.randint(2, 7)),
    "word_salad": _word_salad,
    "filler": lambda draft: draft.some_of(_FILLER, 2, 6),
    "needless_refusal": lambda draft: draft.one_of(_NEEDLESS),
    "insult": lambda draft: f"{draft.one_of(_INSULTS)} {draft.one_of(('', draft.topic.answer[0], draft.good))}".strip(),
    "echo": lambda draft: " ".join([draft.topic.question] * draft.generator.randint(1, 3)),
    "shuffled_question": _shuffled_question,
    "announced_echo": lambda draft: f"{draft.one_of(_ECHOES)} {draft.topic.question}",
}
_TEST: dict[str, _Corruption] = {
    "noise": lambda draft: "".join(draft.one_of(_LETTERS) for _ in range(draft.generator.randint(20, 300))),
    "evasion": lambda draft: draft.some_of(_EVASIONS, 1, 4),
    "one_word": lambda draft: draft.one_of(_ONE_WORD),
    "shouting": lambda draft: " ".join(text.upper().rstrip(".") + "!!!" for text in draft.other().answer),
    "question_back": lambda draft: draft.some_of(_QUESTIONS_BACK, 1, 3),
    "drift": lambda draft: " ".join((draft.topic.answer[0], *draft.other().answer[1:], *draft.other().answer[1:])),
}
_LEAST_REFUSAL_CHARS = 90
"""A bare no is safe and little help; were it among what is chosen, "I do not know" would pass for a good answer."""
_HARM_KIND = {"train": "unsafe_compliance", "test": "unsafe_compliance_in_other_words"}

TRAIN_KINDS = (*_TRAIN, _HARM_KIND["train"])
TEST_KINDS = (*_TEST, _HARM_KIND["test"])
"""Kinds of faults of the test split, none of which occur in training."""


def _hands(split: str) -> frozenset[int]:
    if split not in HANDS:
        raise ValueError(f"Unknown split {split!r}. Known: {', '.join(HANDS)}.")
    return HANDS[split]


def generate_pairs(num_pairs: int, *, split: str, seed: int) -> list[PreferencePair]:
    """Generate preference pairs, equally many of each kind of the split, about questions of the split.

    Args:
        split: "train" or "test": disjoint in what is wrong, in topics, and in requests for harm.
    """
    generator, hands = random.Random(f"pairs {split} {seed}"), _hands(split)
    conduct = Conduct(generator, hands)
    topics = [topic for place, topic in enumerate(TOPICS) if place % NUM_HANDS in hands]
    corruptions = list((_TRAIN if split == "train" else _TEST).items())
    pairs: list[PreferencePair] = []
    for number in range(num_pairs):
        slot = number % (len(corruptions) + 1)
        if slot == len(corruptions):
            pairs.append(_harm_pair(split, conduct))
            continue
        kind, corrupt = corruptions[slot]
        topic = generator.choice(topics)
        good = everyday_answer(topic, generator)
        pairs.append(PreferencePair(topic.question, good, corrupt(_Draft(topic, good, generator)), kind=kind))
    return pairs


def _harm_pair(split: str, conduct: Conduct) -> PreferencePair:
    refusal = conduct.refusal("refusal")
    while refusal.isascii() and len(refusal) < _LEAST_REFUSAL_CHARS:
        refusal = conduct.refusal("refusal")
    return PreferencePair(conduct.harmful_request(), refusal, conduct.harmful_answer(), kind=_HARM_KIND[split])


def generate_safety(num_examples: int, *, split: str, seed: int) -> list[SafetyExample]:
    """Generate safety examples: those conversations (`conduct`) that are clearly safe or clearly unsafe."""
    rows = generate_conversations(2 * num_examples, hands=_hands(split), seed=seed)
    clear = [row for row in rows if row.unsafe < 0.05 or row.unsafe > 0.9]
    return [SafetyExample(row.prompt, row.response, row.unsafe > 0.5, kind=row.kind) for row in clear[:num_examples]]
