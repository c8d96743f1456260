"""Pairs and examples: groups, files, balancing, and what generated data promise."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
from areas import public_data
from hypothesis import given
from hypothesis import strategies as st

from reward_models.embedded.generated import TEST_KINDS, TRAIN_KINDS, generate_pairs, generate_safety
from reward_models.errors import DataError
from reward_models.training.data import (
    PreferencePair,
    SafetyExample,
    balance_lengths,
    load_pairs,
    load_safety,
    load_xstest,
    split_by_group,
)


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return path


def test_pairs_are_read_with_prompt_or_as_two_dialogues(tmp_path) -> None:
    shared = "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: tea?\n\nAssistant: "
    path = write(
        tmp_path / "pairs.jsonl",
        {"prompt": "p", "chosen": "a", "rejected": "b", "margin": 2.0, "group": "g"},
        {"chosen": shared + "Yes please.", "rejected": shared + "Yes."},
    )
    first, second = load_pairs(path)
    assert first == PreferencePair("p", "a", "b", margin=2.0, group="g")
    assert (second.chosen, second.rejected) == ("Yes please.", "Yes.")
    assert second.prompt == "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: tea?"
    assert second.group == "hi"


def test_compressed_files_are_read(tmp_path) -> None:
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"prompt": "p", "chosen": "a", "rejected": "b"}'))
    assert len(load_pairs(path)) == 1


@pytest.mark.parametrize(
    "row", [{"chosen": "a", "rejected": "b"}, {"prompt": "p", "chosen": "a"}, {"chosen": 1, "rejected": 2}, []]
)
def test_row_of_another_form_is_refused_with_its_line(tmp_path, row) -> None:
    path = write(tmp_path / "x.jsonl", {"prompt": "p", "chosen": "a", "rejected": "b"}, row)
    with pytest.raises(DataError, match=r"x\.jsonl:2"):
        load_pairs(path)


def test_line_that_is_not_json_is_refused(tmp_path) -> None:
    (tmp_path / "x.jsonl").write_text("{")
    with pytest.raises(DataError, match=r"x\.jsonl:1: not JSON"):
        load_pairs(tmp_path / "x.jsonl")


def test_safety_rows_are_read_and_need_a_boolean(tmp_path) -> None:
    row = {"prompt": "p", "response": "r", "is_unsafe": True}
    assert load_safety(write(tmp_path / "x.jsonl", row)) == [SafetyExample("p", "r", is_unsafe=True)]
    with pytest.raises(DataError, match="is_unsafe is not true or false"):
        load_safety(write(tmp_path / "x.jsonl", {**row, "is_unsafe": "no"}))


def test_xstest_is_unsafe_only_where_an_unsafe_prompt_is_complied_with(tmp_path) -> None:
    rows = [
        ("homonyms", "1_full_compliance"),
        ("contrast_homonyms", "1_full_compliance"),
        ("contrast_homonyms", "2_full_refusal"),
        ("contrast_homonyms", "3_partial_refusal"),
    ]
    lines = ["type,prompt,completion,final_label", *(f"{kind},p,c,{label}" for kind, label in rows)]
    path = tmp_path / "xstest.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [row.is_unsafe for row in load_xstest([path])] == [False, True, False]
    assert [row.is_unsafe for row in load_xstest([path], keep_partial=True)] == [False, True, False, True]
    path.write_text("prompt,completion\np,c")
    with pytest.raises(DataError, match="have a column 'final_label'"):
        load_xstest([path])


@given(st.integers(0, 100), st.floats(0.1, 0.9))
def test_split_never_separates_a_group(seed: int, share: float) -> None:
    rows = [PreferencePair(f"q{n}", f"a{n}", "b", group=f"g{n % 30}") for n in range(90)]
    first, second = split_by_group(rows, share=share, seed=seed)
    assert len(first) + len(second) == 90
    assert not {row.group for row in first} & {row.group for row in second}


def test_continuations_of_one_conversation_are_one_group() -> None:
    short = PreferencePair("\n\nHuman: Hi ", "a", "b")
    longer = PreferencePair("\n\nHuman: hi\n\nAssistant: hello\n\nHuman: how?", "a", "b")
    turns = PreferencePair([{"role": "user", "content": "Hi"}], "a", "b")
    assert short.group == longer.group == turns.group == "hi"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_after_balancing_length_says_nothing_about_the_choice(lengths) -> None:
    pairs = [PreferencePair("p", "a" * left, "b" * right) for left, right in lengths]
    kept = balance_lengths(pairs, seed=0)
    longer = sum(len(pair.chosen) > len(pair.rejected) for pair in kept)
    shorter = sum(len(pair.chosen) < len(pair.rejected) for pair in kept)
    assert longer == shorter
    assert [pair for pair in pairs if len(pair.chosen) == len(pair.rejected)] == [
        pair for pair in kept if len(pair.chosen) == len(pair.rejected)
    ]


@pytest.mark.parametrize("split", ["train", "test"])
def test_generated_pairs_have_every_kind_of_their_split_equally_often(split: str) -> None:
    kinds = {"train": TRAIN_KINDS, "test": TEST_KINDS}[split]
    pairs = generate_pairs(10 * len(kinds), split=split, seed=0)
    assert {kind: [pair.kind for pair in pairs].count(kind) for kind in kinds} == dict.fromkeys(kinds, 10)
    assert all(pair.chosen != pair.rejected for pair in pairs)


def test_generated_splits_share_no_kind_no_question_and_no_example() -> None:
    train, test = (generate_pairs(400, split=split, seed=0) for split in ("train", "test"))
    assert not {pair.kind for pair in train} & {pair.kind for pair in test}
    assert not {pair.prompt for pair in train} & {pair.prompt for pair in test}
    safety = [generate_safety(400, split=split, seed=0) for split in ("train", "test")]
    requests = [{row.prompt for row in rows if not row.kind.endswith("_text")} for rows in safety]
    assert not requests[0] & requests[1]
    texts = [{row.response for row in rows if row.kind.endswith("_text")} for rows in safety]
    assert not texts[0] & texts[1]


def test_generated_data_depend_on_the_seed_alone() -> None:
    assert generate_pairs(50, split="train", seed=1) == generate_pairs(50, split="train", seed=1)
    assert generate_pairs(50, split="train", seed=1) != generate_pairs(50, split="train", seed=2)
    assert generate_safety(50, split="test", seed=1) == generate_safety(50, split="test", seed=1)


@pytest.mark.parametrize(("split", "checksum"), [("train", 2973888641), ("test", 425384657)])
def test_generated_data_are_those_that_cached_models_were_fitted_to(split: str, checksum: int) -> None:
    """Whoever changes them must also raise `_VERSION` in embedded/fitting.py, or caches stay old."""
    rows = repr(generate_pairs(90, split=split, seed=0)) + repr(generate_safety(90, split=split, seed=0))
    assert zlib.crc32(rows.encode()) == checksum


def test_generated_refusals_are_safe_and_compliance_with_harm_is_not() -> None:
    examples = generate_safety(300, split="train", seed=0)
    assert sum(row.is_unsafe for row in examples) == 150
    assert not any(row.is_unsafe for row in examples if row.kind in {"harmless", "refusal"})
    assert not any("{" in row.response for row in examples)


def test_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown split 'dev'"):
        generate_pairs(1, split="dev", seed=0)
    with pytest.raises(ValueError, match="share between 0 and 1"):
        split_by_group([], share=1.0, seed=0)


def test_hh_rlhf_file_is_read_whole() -> None:
    pairs = load_pairs(public_data("hh-rlhf/harmless-base-test.jsonl.gz"))
    assert len(pairs) == 2312
    assert not any("\n\nHuman:" in pair.chosen + pair.rejected for pair in pairs)
    assert len({pair.group for pair in pairs}) > 2000


def test_xstest_completions_are_read() -> None:
    paths = sorted(public_data("xstest/model_completions").glob("*.csv"))
    examples = load_xstest(paths)
    assert (len(examples), sum(row.is_unsafe for row in examples)) == (2074, 136)
    assert len({row.group for row in examples}) == 450
