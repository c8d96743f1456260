"""What silently changes the score of a transformer elsewhere: pad and EOS tokens, padding side, batches, length."""

from __future__ import annotations

import random

import pytest
import torch
from tiny_backbones import decoder, decoder_scorer, encoder, save_checkpoint, tokenizer
from transformers import AutoModelForSequenceClassification

from reward_models.errors import LoadError
from reward_models.models.transformer import DEFAULT_MAX_TOKENS, TransformerScorer, pad_right

PROMPTS = ["Why?", "What is the capital of France?", "Hi", "Count to three.", "Name a colour, please."]
TEXTS = ["Because.", "Paris is the capital, and has been for a long time.", "", "1, 2, 3", "blue" * 20]


def scores(scorer: TransformerScorer, prompts=PROMPTS, texts=TEXTS) -> list[float]:
    return scorer.raw_scores(prompts, texts).values


@pytest.mark.parametrize("model", [decoder(), encoder()], ids=["decoder", "encoder"])
def test_scores_do_not_depend_on_the_batch_size_or_the_order(model) -> None:
    alone = scores(TransformerScorer(model, tokenizer(), batch_size=1))
    together = scores(TransformerScorer(model, tokenizer(), batch_size=5))
    order = random.Random(0).sample(range(5), 5)
    shuffled = scores(
        TransformerScorer(model, tokenizer(), batch_size=2), [PROMPTS[i] for i in order], [TEXTS[i] for i in order]
    )
    assert len(set(alone)) == 5
    assert together == pytest.approx(alone, abs=1e-5)
    assert shuffled == pytest.approx([alone[i] for i in order], abs=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pad_is_eos", [True, False])
def test_scores_do_not_depend_on_the_pad_token_or_the_padding_side_of_the_tokenizer(side, pad_is_eos) -> None:
    other = TransformerScorer(decoder(), tokenizer(pad_is_eos=pad_is_eos, padding_side=side), batch_size=5)
    assert scores(other) == pytest.approx(scores(decoder_scorer(batch_size=1)), abs=1e-5)


def test_scores_do_not_depend_on_whether_a_pad_token_is_set_at_all() -> None:
    without = tokenizer()
    without.pad_token = None
    assert scores(TransformerScorer(decoder(), without)) == pytest.approx(scores(decoder_scorer()), abs=1e-5)


def test_the_score_is_read_at_the_end_of_the_response_and_not_in_the_prompt() -> None:
    scorer = decoder_scorer()
    first, second = scores(scorer, ["Same question?"] * 2, ["One answer.", "Two answers."])
    assert first != second


def test_the_score_is_that_of_the_last_token_of_the_unpadded_row() -> None:
    scorer = decoder_scorer()
    ids = scorer.encode(PROMPTS[1], TEXTS[1]).token_ids
    with torch.no_grad():
        hidden_1TD = scorer.model.base_model(torch.tensor([ids])).last_hidden_state
        expected = scorer.model.score(hidden_1TD[0, -1])
    assert scores(scorer)[1] == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("has_template", [True, False])
@pytest.mark.parametrize("text", ["4", "4<eos>", "4<eos><eos>"])
def test_a_sequence_ends_with_exactly_one_eos_token(text: str, has_template: bool) -> None:
    reader = TransformerScorer(decoder(), tokenizer(has_template=has_template))
    ids = reader.encode("2+2?", text).token_ids
    eos = reader.tokenizer.eos_token_id
    assert ids[-1] == eos
    assert ids[-2] != eos


def test_conversations_and_plain_prompts_are_the_same_to_a_chat_template() -> None:
    reader = TransformerScorer(decoder(), tokenizer(has_template=True))
    assert reader.encode("2+2?", "4") == reader.encode([{"role": "user", "content": "2+2?"}], "4")


def test_long_inputs_lose_their_beginning_and_are_flagged() -> None:
    scorer = decoder_scorer(max_tokens=32)
    raw = scorer.raw_scores(["x" * 100, "Hi"], ["The end is kept.", "ok"])
    encoded = scorer.encode("x" * 100, "The end is kept.")
    assert raw.is_truncated == [True, False]
    assert len(encoded.token_ids) == 32
    assert scorer.tokenizer.decode(encoded.token_ids).endswith("The end is kept.<eos>")


def test_default_length_is_what_the_model_can_take_and_never_a_few_hundred_tokens() -> None:
    assert decoder_scorer().max_tokens == 2048
    assert DEFAULT_MAX_TOKENS == 8192


def test_more_tokens_than_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="only 2048 positions"):
        decoder_scorer(max_tokens=4096)


def test_head_computes_in_float32_on_a_bfloat16_backbone() -> None:
    scorer = TransformerScorer(decoder().bfloat16(), tokenizer())
    assert scorer.model.score.weight.dtype == torch.float32
    assert scorer.model.base_model.embed_tokens.weight.dtype == torch.bfloat16
    assert all(score == score for score in scores(scorer))


def test_head_of_an_encoder_takes_bfloat16_states_too() -> None:
    scorer = TransformerScorer(encoder().bfloat16(), tokenizer())
    assert scorer.model.classifier.weight.dtype == torch.float32
    assert len(scores(scorer)) == 5


def test_padding_is_on_the_right_and_masked() -> None:
    ids_BT, mask_BT = pad_right([[5, 6, 7], [8]], 0)
    assert ids_BT.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask_BT.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_causal_checkpoint_gets_the_same_new_head_from_the_same_seed(tmp_path) -> None:
    folder = save_checkpoint(tmp_path, decoder(causal=True))
    first, again, other = (TransformerScorer.from_pretrained(folder, seed=seed) for seed in (1, 1, 2))
    assert scores(first) == scores(again)
    assert scores(first) != scores(other)


def test_classification_checkpoint_keeps_its_head(tmp_path) -> None:
    folder = save_checkpoint(tmp_path, decoder())
    assert scores(TransformerScorer.from_pretrained(folder)) == pytest.approx(scores(decoder_scorer()), abs=1e-6)


def test_saved_scorer_is_safetensors_that_transformers_loads(tmp_path) -> None:
    scorer = decoder_scorer()
    assert scorer.save(tmp_path) == {"max_tokens": 2048}
    weight = AutoModelForSequenceClassification.from_pretrained(tmp_path).score.weight
    assert torch.equal(weight, scorer.model.score.weight)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors", ".jinja"}


def test_checkpoint_of_several_labels_is_refused(tmp_path) -> None:
    with pytest.raises(LoadError, match="classifies into 3 labels"):
        TransformerScorer.from_pretrained(save_checkpoint(tmp_path, decoder(num_labels=3)))
    with pytest.raises(LoadError, match="one output"):
        TransformerScorer(decoder(num_labels=3), tokenizer())
