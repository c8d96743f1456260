"""What the embedded models see of a prompt and a response: hashed n-grams and a row of measures.

N-grams are hashed by CRC-32, which is the same in every process, so that a saved model means the same everywhere.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from reward_models.base import ASSISTANT_MARKER
from reward_models.embedded.lexicon import COMMON_WORDS, LEXICONS
from reward_models.embedded.vectors import in_english, known_share, mean_vector, word_vectors

NUM_BUCKETS = 1 << 18
"""Size of the table that n-grams are hashed into; 2^18 keeps collisions under 10% for 10,000 short texts."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[^\w\s]|\w")
_SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")
_PHRASES = {
    name: re.compile(r"(?<!\w)(?:" + "|".join(re.escape(phrase) for phrase in phrases) + r")(?!\w)")
    for name, phrases in LEXICONS.items()
}
HARM = ("violence", "crime", "drugs", "hazard", "threat", "despair", "sexual", "hate", "insult", "self_harm", "privacy")


def words(text: str) -> list[str]:
    """Return lower-case words, numbers and punctuation marks.

    >>> words("Don't panic, it’s 42!")
    ["don't", 'panic', ',', "it's", '42', '!']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def hashed_ngrams(response: str) -> dict[int, float]:
    """Map buckets to values, for the word 1- and 2-grams and the character 4-grams of a response.

    Values are 1 + log(count), and each of the three groups has Euclidean length ½, so that length alone says nothing.
    The words of the prompt are left out: with a few hundred prompts, a model would learn topics instead of conduct.
    """
    found: dict[int, float] = {}
    tokens = words(response)
    groups = [(f"w{n}", _word_ngrams(tokens, n)) for n in (1, 2)] + [("c4", _character_ngrams(tokens, 4))]
    for group, ngrams in groups:
        counts = Counter(zlib.crc32(f"{group} {ngram}".encode(errors="replace")) % NUM_BUCKETS for ngram in ngrams)
        values = {bucket: 1.0 + math.log(count) for bucket, count in counts.items()}
        norm = 2 * math.sqrt(sum(value * value for value in values.values()))
        for bucket, value in values.items():
            found[bucket] = found.get(bucket, 0.0) + value / norm
    return found


def last_turn(prompt: str) -> str:
    """Return the last question of a dialogue in the `Human:` / `Assistant:` form; of other prompts, all."""
    return prompt.rpartition("\n\nHuman:")[2].partition(ASSISTANT_MARKER)[0].strip()


def readable(text: str) -> str:
    """Return the text with the Chinese words of the glossary in English, one blank between words."""
    return text if text.isascii() else re.sub(r" {2,}", " ", in_english(text)).strip()


def meaning(text: str) -> list[float]:
    """Return the direction of the mean vector of a text's words, scaled so that a number is about 1."""
    return [float(value) * 8 for value in mean_vector(word_vectors(words(readable(text))))]


def _word_ngrams(tokens: Sequence[str], n: int) -> Iterator[str]:
    padded = ["<s>", *tokens, "</s>"]
    return (" ".join(padded[i : i + n]) for i in range(len(padded) - n + 1))


def _character_ngrams(tokens: Sequence[str], n: int) -> Iterator[str]:
    text = f" {' '.join(tokens)} "
    return (text[i : i + n] for i in range(len(text) - n + 1))


def measures(prompt: str, response: str) -> list[float]:
    """Return the numbers that `MEASURES` names, each roughly between −1 and 5."""
    response, asked = readable(response), readable(last_turn(prompt))
    tokens, lower = words(response), response.lower().replace("’", "'")
    counts = {name: len(pattern.findall(lower)) for name, pattern in _PHRASES.items()}
    asked_counts = {name: len(_PHRASES[name].findall(asked.lower())) for name in HARM}
    opening = {name: float(bool(_PHRASES[name].search(lower[:60]))) for name in ("refusal", "apology", "compliance")}
    harm, asked_harm = (sum(found[name] for name in HARM) for found in (counts, asked_counts))
    return [
        *_shape(response, tokens),
        *_relevance(words(asked), tokens),
        *_sense(words(asked), tokens),
        *(math.log1p(count) for count in counts.values()),
        *(count / math.sqrt(len(tokens) + 1) for count in counts.values()),
        *opening.values(),
        math.log1p(harm),
        math.log1p(asked_harm),
        math.log1p(counts["refusal"] + counts["judgement"]) * math.log1p(asked_harm),
        math.log1p(asked_harm) * opening["compliance"],
        math.log1p(asked_harm) * float("?" in response),
    ]


def _shape(response: str, tokens: Sequence[str]) -> list[float]:
    plain = [token for token in tokens if token[0].isalnum()]
    sentences = [part for part in _SENTENCE_END.split(response) if part.strip()]
    trigrams = list(_word_ngrams(tokens, 3))
    num_words = len(plain) or 1
    return [
        math.log1p(len(response)) / 2,
        math.log1p(len(response)) ** 2 / 20,
        len(set(plain)) / num_words,
        sum(map(len, plain)) / num_words / 3,
        1.0 - len(set(trigrams)) / max(1, len(trigrams)),
        math.log1p(num_words / max(1, len(sentences))),
        math.log1p(len(sentences)),
        float(response.rstrip().endswith("?")),
        response.count("?") / math.sqrt(len(sentences) + 1),
        response.count("!") / math.sqrt(len(sentences) + 1),
        float(response.rstrip()[-1:] in {".", "!", "?", "`", ")", '"'}),
        math.log1p(len(re.findall(r"^\s*(?:\d+[.)]|[-*•])\s", response, re.MULTILINE))),
        math.log1p(response.count("```")),
        math.log1p(sum(character.isdigit() for character in response)),
        sum(character.isupper() for character in response) / math.sqrt(len(response) + 1),
        sum(not character.isascii() for character in response) / (len(response) + 1),
        sum(token in COMMON_WORDS for token in plain) / num_words,
        sum(token == "i" or token.startswith("i'") for token in plain) / math.sqrt(num_words),
        sum(token.startswith("you") for token in plain) / math.sqrt(num_words),
        sum(token in {"not", "no", "never"} or token.endswith("n't") for token in plain) / math.sqrt(num_words),
        _capital_share(sentences),
        float("http" in response or "www." in response),
    ]


def _sense(asked: Sequence[str], tokens: Sequence[str]) -> list[float]:
    """Compare what the words mean that are asked and said, those that are said anew, and how far they hang together."""
    vectors = word_vectors(tokens)
    question, new = (
        mean_vector(word_vectors(asked)),
        mean_vector(word_vectors([t for t in tokens if t not in set(asked)])),
    )
    half = len(vectors) // 2
    return [
        2 * float(question @ mean_vector(vectors)),
        2 * float(question @ new),
        2 * float(mean_vector(vectors[:half]) @ mean_vector(vectors[half:])),
        2 * known_share(tokens),
        2 * _copied_share(asked, tokens),
    ]


def _copied_share(asked: Sequence[str], tokens: Sequence[str]) -> float:
    """Return the share of words that stand in the question."""
    said = [token for token in tokens if token[0].isalnum()]
    return sum(token in set(asked) for token in said) / len(said) if said else 1.0


def _capital_share(sentences: Sequence[str]) -> float:
    starts = [part.strip()[0] for part in sentences]
    return sum(not start.islower() for start in starts) / (len(starts) or 1)


def _relevance(asked: Sequence[str], tokens: Sequence[str]) -> list[float]:
    topic = {word for word in asked if word[0].isalnum() and word not in COMMON_WORDS}
    said = {word for word in tokens if word[0].isalnum() and word not in COMMON_WORDS}
    stems, said_stems = {word[:5] for word in topic}, {word[:5] for word in said}
    return [
        len(topic & said) / (len(topic) or 1),
        len(stems & said_stems) / (len(stems) or 1),
        len(stems & said_stems) / math.sqrt(len(said_stems) + 1),
        math.log1p(len(said - topic)),
        float(tokens[: len(asked)] == list(asked) and bool(asked)),
    ]


_NAMES = """log_length log_length_squared distinct_words word_length repeated_trigrams sentence_words sentences
    ends_with_question questions exclamations ends_properly list_lines code_blocks digits capitals not_ascii
    common_words first_person second_person negations capital_starts link topic_words topic_stems topic_share new_words
    repeats_prompt sense_shared sense_of_new_words sense_of_halves known_words copied_words {}
    opens_refusing opens_apologising opens_complying harm asked_harm harm_refused harm_complied
    harm_inquired"""

MEASURES = tuple(_NAMES.format(" ".join(f"{form}_{name}" for form in ("log", "rate") for name in LEXICONS)).split())
"""Names of the numbers in a row of `measures`."""
