"""Training tiny transformers: they learn, adapters leave the rest alone, and what was learned is what is scored."""

from __future__ import annotations

import pytest
import torch
from tiny_backbones import decoder_scorer, encoder, tokenizer

from reward_models import HelpfulnessModel, PreferencePair, SafetyExample, load
from reward_models.models.transformer import TransformerScorer
from reward_models.training.backbone import TrainConfig, train_on_examples, train_on_pairs
from reward_models.training.evaluation import auc, pair_accuracy
from reward_models.training.figures import length_baseline, pair_figures, safety_figures

PAIRS = [PreferencePair(f"q{n}", chosen=f"good {n}", rejected=f"evil {n}") for n in range(12)]
EXAMPLES = [SafetyExample(f"q{n}", ("evil" if n % 2 else "good") + f" {n}", is_unsafe=n % 2 == 1) for n in range(16)]
QUICK = TrainConfig(learning_rate=3e-3, batch_size=6, microbatch_size=4, num_epochs=6)


def accuracy(scorer: TransformerScorer) -> float:
    prompts = [f"new {n}" for n in range(8)]
    chosen = scorer.raw_scores(prompts, [f"good {n}{n}" for n in range(8)]).values
    return pair_accuracy(chosen, scorer.raw_scores(prompts, [f"evil {n}{n}" for n in range(8)]).values)


def test_pairs_teach_a_decoder_to_prefer_the_chosen() -> None:
    scorer = decoder_scorer()
    losses = train_on_pairs(scorer, PAIRS, QUICK)
    assert len(losses) == 12
    assert losses[-1] < 0.5 * losses[0]
    assert accuracy(scorer) == 1.0
    assert not scorer.model.training


def test_examples_teach_an_encoder_to_tell_unsafe_from_safe() -> None:
    scorer = TransformerScorer(encoder(), tokenizer())
    train_on_examples(scorer, EXAMPLES, TrainConfig(learning_rate=3e-3, batch_size=8, num_epochs=10))
    logits = scorer.raw_scores([row.prompt for row in EXAMPLES], [row.response for row in EXAMPLES]).values
    assert auc(logits, [row.is_unsafe for row in EXAMPLES]) == 1.0


def test_microbatches_change_nothing() -> None:
    results = []
    for microbatch_size in (5, 12):
        scorer = decoder_scorer()
        config = TrainConfig(learning_rate=1e-3, batch_size=12, microbatch_size=microbatch_size)
        results.append((train_on_pairs(scorer, PAIRS, config), scorer.raw_scores(["q"], ["good"]).values))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    assert results[0][1] == pytest.approx(results[1][1], abs=2e-3)


def test_margins_raise_the_loss() -> None:
    config = TrainConfig(batch_size=12)
    with_margin = [PreferencePair(pair.prompt, pair.chosen, pair.rejected, margin=2.0) for pair in PAIRS]
    assert train_on_pairs(decoder_scorer(), with_margin, config)[0] > train_on_pairs(decoder_scorer(), PAIRS, config)[0]


def test_same_seed_trains_the_same_model_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    runs = [train_on_pairs(decoder_scorer(), PAIRS, QUICK) for _ in range(2)]
    # building the tiny model seeds the generator, training must not touch it
    torch.manual_seed(5)
    scorer = decoder_scorer()
    torch.manual_seed(5)
    train_on_pairs(scorer, PAIRS, TrainConfig(batch_size=12))
    assert torch.equal(torch.rand(1), expected)
    assert runs[0] == runs[1]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks for it
def test_adapters_learn_train_the_head_and_are_merged_into_the_model(tmp_path) -> None:
    scorer = decoder_scorer()
    head, embedding = scorer.model.score.weight.clone(), scorer.model.model.embed_tokens.weight.clone()
    train_on_pairs(scorer, PAIRS, TrainConfig(learning_rate=1e-2, batch_size=6, num_epochs=8, lora_rank=4))
    assert accuracy(scorer) == 1.0
    assert not torch.equal(scorer.model.score.weight, head)
    assert torch.equal(scorer.model.model.embed_tokens.weight, embedding)
    model = HelpfulnessModel(scorer)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.score(["q"], ["good"]) == pytest.approx(model.score(["q"], ["good"]), abs=1e-5)


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        train_on_pairs(decoder_scorer(), [], QUICK)


class ResponseModel:
    """Scores what its table says."""

    name = "table"

    def __init__(self, table) -> None:
        self.table = table

    def score(self, prompts, responses) -> list[float]:
        return [self.table[response] for response in responses]


def test_pair_figures_leave_out_and_count_what_failed() -> None:
    pairs = [PreferencePair("p", "aa", "b"), PreferencePair("p", "c", "dd"), PreferencePair("p", "?", "b")]
    figures = pair_figures(ResponseModel({"aa": 1.0, "b": 0.0, "c": 3.0, "dd": 4.0, "?": float("nan")}), pairs)
    assert (figures["pair_accuracy"], figures["num_pairs"], figures["num_failed"]) == (0.5, 2.0, 1.0)


def test_length_baseline_takes_the_better_direction() -> None:
    assert length_baseline([PreferencePair("p", "a", "bb")] * 3 + [PreferencePair("p", "aa", "b")]) == 0.75


def test_safety_figures_are_about_one_minus_the_score() -> None:
    figures = safety_figures(
        ResponseModel({"ok": 1.0, "bad": 0.0}),
        [SafetyExample("p", "ok", is_unsafe=False), SafetyExample("p", "bad", is_unsafe=True)],
    )
    assert (figures["auc"], figures["calibration_error"]) == (1.0, 0.0)
