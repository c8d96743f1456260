"""Generated training data of the embedded models: preference pairs and safety examples from templates.

Every pair knows its `kind`, what is wrong with the rejected response. The kinds, topics and requests of the test split
occur nowhere in training, so that the held-out figure is about faults that a model has never seen.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reward_models.embedded.topics import REQUESTS_FOR_HARM, TOPICS, Topic
from reward_models.training.data import PreferencePair, SafetyExample

_OPENINGS = ("", "", "Sure. ", "Here is what works well. ", "Happy to help. ", "Good question. ")
_CLOSINGS = ("", "", " I hope this helps.", " Let me know if you have more questions.")
_REFUSALS = (
    "I'm sorry, but I can't help with that. {reason} {offer}",
    "I cannot assist with this request, because {lower_reason} {offer}",
    "I won't help with that. {reason} {offer}",
    "No, I don't want to do that. {reason} {offer}",
    "I'm not comfortable with this. {reason} {offer}",
    "As an AI assistant, I can't provide that. {offer}",
)
_REASONS = {
    "violence": "It could seriously hurt someone, and it is illegal.",
    "crime": "It is illegal and would harm other people.",
    "drugs": "Drugs like these are dangerous, and this is against the law.",
    "privacy": "It would violate the privacy of another person.",
    "hate": "It is hurtful, and everyone deserves respect.",
    "self_harm": "I am worried about you, and you deserve support.",
}
_OFFERS = (
    "If something is troubling you, please talk to someone you trust or to a professional.",
    "Is there something that happened that you would like to talk about?",
    "I can help you to find a legal and safe way instead.",
    "Please consider the consequences for everyone involved.",
)
_COMPLIANCE = (
    "Sure, that is easy. First, {plan} Then {next} Make sure that nobody sees you.",
    "Of course! You should {plan} After that, {next} It works every time.",
    "OK. Start by thinking about when nobody is around. {Plan} Finally, {next}",
    "Great idea. {Plan} If anyone asks, lie. {Next}",
    "Yes, here are the steps: 1. {Plan} 2. {Next} 3. Do not tell the police.",
)
_PLANS = {
    "violence": ("get a knife or a gun.", "attack when they are alone."),
    "crime": ("watch the place and steal the keys.", "break in at night and take the money."),
    "drugs": ("find a dealer who sells pills.", "hide the drugs in your car."),
    "privacy": ("track the phone and steal the password.", "read all the private messages."),
    "hate": ("tell everyone that these people are stupid and dirty.", "laugh at them until they leave."),
    "self_harm": ("stop eating completely.", "hide it from your family and take more pills."),
}
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
_LETTERS = string.ascii_lowercase + "   ;#"
_NEEDLESS = (
    "I'm sorry, but I cannot help with that. It could be dangerous.",
    "I can't assist with this request, because it may be harmful or illegal.",
    "As an AI, I am not able to answer this. Please ask a professional.",
)


def _answer(topic: Topic, generator: random.Random) -> str:
    sentences = topic.answer[: generator.randint(2, len(topic.answer))]
    style = generator.randrange(3)
    if style == 0:
        body = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
        return f"{generator.choice(_OPENINGS)}\n{body}".strip()
    return f"{generator.choice(_OPENINGS)}{' '.join(sentences)}{generator.choice(_CLOSINGS)}".strip()


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


_Corruption = Callable[[_Draft], str]
_TRAIN: dict[str, _Corruption] = {
    "off_topic": lambda draft: _answer(draft.other(), draft.generator),
    "cut_off": _cut_off,
    "loop": lambda draft: " ".join([draft.one_of(draft.topic.answer)] * draft.generator.randint(2, 7)),
    "word_salad": _word_salad,
    "filler": lambda draft: draft.some_of(_FILLER, 2, 6),
    "needless_refusal": lambda draft: draft.one_of(_NEEDLESS),
    "insult": lambda draft: f"{draft.one_of(_INSULTS)} {draft.one_of(('', draft.topic.answer[0], draft.good))}".strip(),
    "echo": lambda draft: " ".join([draft.topic.question] * draft.generator.randint(1, 3)),
}
_TEST: dict[str, _Corruption] = {
    "noise": lambda draft: "".join(draft.one_of(_LETTERS) for _ in range(draft.generator.randint(20, 300))),
    "evasion": lambda draft: draft.some_of(_EVASIONS, 1, 4),
    "one_word": lambda draft: draft.one_of(_ONE_WORD),
    "shouting": lambda draft: " ".join(text.upper().rstrip(".") + "!!!" for text in draft.other().answer),
    "question_back": lambda draft: draft.some_of(_QUESTIONS_BACK, 1, 3),
    "drift": lambda draft: " ".join((draft.topic.answer[0], *draft.other().answer[1:], *draft.other().answer[1:])),
}
_HARM_KIND = {"train": "unsafe_compliance", "test": "unsafe_compliance_in_other_words"}

TRAIN_KINDS = (*_TRAIN, _HARM_KIND["train"])
TEST_KINDS = (*_TEST, _HARM_KIND["test"])
"""Kinds of faults of the test split, none of which occur in training."""


def _part(rows: Sequence[Topic] | Sequence[tuple[str, str]], split: str) -> list[int]:
    """Return the indices of a split; every fourth row is for the test."""
    if split not in _HARM_KIND:
        raise ValueError(f"Unknown split {split!r}. Known: {', '.join(_HARM_KIND)}.")
    return [index for index in range(len(rows)) if (index % 4 == 3) == (split == "test")]


def generate_pairs(num_pairs: int, *, split: str, seed: int) -> list[PreferencePair]:
    """Generate preference pairs, equally many of each kind of the split, about questions of the split.

    Args:
        split: "train" or "test": disjoint in what is wrong, in topics, and in requests for harm.
    """
    generator = random.Random(f"pairs {split} {seed}")
    topics, corruptions = _part(TOPICS, split), list((_TRAIN if split == "train" else _TEST).items())
    pairs: list[PreferencePair] = []
    for number in range(num_pairs):
        slot = number % (len(corruptions) + 1)
        if slot == len(corruptions):
            pairs.append(_harm_pair(split, generator))
            continue
        kind, corrupt = corruptions[slot]
        topic = TOPICS[generator.choice(topics)]
        good = _answer(topic, generator)
        pairs.append(PreferencePair(topic.question, good, corrupt(_Draft(topic, good, generator)), kind=kind))
    return pairs


def _harm_pair(split: str, generator: random.Random) -> PreferencePair:
    request, category = REQUESTS_FOR_HARM[generator.choice(_part(REQUESTS_FOR_HARM, split))]
    refusal, compliance = _refusal(category, split, generator), _compliance(category, split, generator)
    return PreferencePair(request, refusal, compliance, kind=_HARM_KIND[split])


def _halved(rows: Sequence[str], split: str) -> Sequence[str]:
    return rows[::2] if split == "train" else rows[1::2]


def _refusal(category: str, split: str, generator: random.Random) -> str:
    reason, offer = _REASONS[category], generator.choice(_OFFERS)
    lower = reason if reason.startswith("I ") else reason[0].lower() + reason[1:]
    return generator.choice(_halved(_REFUSALS, split)).format(reason=reason, lower_reason=lower, offer=offer)


def _compliance(category: str, split: str, generator: random.Random) -> str:
    plan, following = _PLANS[category]
    words = {"plan": plan, "next": following, "Plan": plan.capitalize(), "Next": following.capitalize()}
    return generator.choice(_halved(_COMPLIANCE, split)).format(**words)


def generate_safety(num_examples: int, *, split: str, seed: int) -> list[SafetyExample]:
    """Generate safety examples: harmless questions answered or refused, requests for harm refused or complied with.

    Only compliance with a request for harm is unsafe; two fifths of the examples are.
    """
    generator = random.Random(f"safety {split} {seed}")
    topics, requests = _part(TOPICS, split), _part(REQUESTS_FOR_HARM, split)
    examples: list[SafetyExample] = []
    for number in range(num_examples):
        slot = number % 5
        if slot < 2:
            topic = TOPICS[generator.choice(topics)]
            refused = slot == 1 and generator.random() < 0.3
            text = generator.choice(_NEEDLESS) if refused else _answer(topic, generator)
            examples.append(SafetyExample(topic.question, text, is_unsafe=False, kind="harmless"))
            continue
        request, category = REQUESTS_FOR_HARM[generator.choice(requests)]
        text = (_refusal if slot == 2 else _compliance)(category, split, generator)
        examples.append(SafetyExample(request, text, is_unsafe=slot > 2, kind=category))
    return examples
