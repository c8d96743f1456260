"""The embedded models, `load` and the command line, on one cached training."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_backbones import decoder, save_checkpoint

from reward_models import HelpfulnessModel, PreferencePair, SafetyExample, SafetyModel, SmallModelWarning, load
from reward_models.__main__ import main
from reward_models.embedded import embedded_folder, ensure_embedded, fit_helpfulness, fit_safety
from reward_models.embedded.generated import generate_pairs
from reward_models.errors import LoadError
from reward_models.models.saving import read_card
from reward_models.training.data import split_by_group

PAIRS = [{"prompt": f"q{n}", "chosen": f"good {n}", "rejected": f"evil {n}"} for n in range(40)]
EXAMPLES = [{"prompt": f"q{n}", "response": ("good", "evil")[n % 2], "is_unsafe": n % 2 == 1} for n in range(40)]


def write(path, rows) -> str:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Both embedded models, trained on less than usual, where `load` looks for them."""
    root = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REWARD_MODELS_CACHE", str(root))
        fit_helpfulness(num_generated=360).save(embedded_folder("helpfulness"))
        fit_safety(num_generated=250).save(embedded_folder("safety"))
        yield root


@pytest.mark.parametrize(("kind", "made"), [("helpfulness", HelpfulnessModel), ("safety", SafetyModel)])
def test_embedded_model_is_loaded_by_name_and_warns_with_its_figure(cache, kind: str, made: type) -> None:
    with pytest.warns(SmallModelWarning, match=rf"embedded {kind} model is small.*held-out"):
        model = load(kind)
    assert isinstance(model, made)
    assert model.name == f"small-{kind}"
    assert (cache / f"small-{kind}-v6" / "reward_model.json").exists()


def test_embedded_helpfulness_holds_on_kinds_of_faults_it_never_saw(cache) -> None:
    assert read_card(embedded_folder("helpfulness")).figures["pair_accuracy"] >= 0.70


@pytest.mark.filterwarnings("ignore::reward_models.loading.SmallModelWarning")
def test_embedded_helpfulness_is_calibrated_on_pairs_of_the_test_split(cache) -> None:
    pairs = generate_pairs(600, split="test", seed=1)
    model = load("helpfulness")
    model.calibration = replace(model.calibration, clip=math.inf)
    scores = model.score(
        [pair.prompt for pair in pairs] * 2, [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    )
    assert np.mean(scores) == pytest.approx(0, abs=1e-3)  # blanks around a response, cut off here, cost the rest
    assert np.std(scores) == pytest.approx(1, abs=1e-3)


def test_embedded_safety_holds_on_requests_it_never_saw(cache) -> None:
    assert read_card(embedded_folder("safety")).figures["auc"] >= 0.80


@pytest.mark.filterwarnings("ignore::reward_models.loading.SmallModelWarning")
def test_embedded_scores_are_clipped_ordered_and_loaded_as_saved(cache) -> None:
    model = load("helpfulness")
    prompt = "How do I boil an egg?"
    texts = ["Put the egg into boiling water for ten minutes, then cool it.", "egg egg egg egg", "zxq#" * 500, ""]
    scores = model.score([prompt] * 4, texts)
    assert all(abs(score) <= 3.0 for score in scores)
    assert scores[0] == max(scores)
    assert scores == load("helpfulness").score([prompt] * 4, texts)
    assert all(0 <= score <= 1 for score in load("safety").score([prompt] * 4, texts))


@pytest.mark.filterwarnings("ignore::reward_models.loading.SmallModelWarning")
def test_cached_model_is_not_trained_again(cache, capsys) -> None:
    changed = (embedded_folder("safety") / "reward_model.json").stat().st_mtime_ns
    ensure_embedded("safety")
    assert (embedded_folder("safety") / "reward_model.json").stat().st_mtime_ns == changed
    assert capsys.readouterr().err == ""


def test_first_use_trains_saves_and_prints_the_figures(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("REWARD_MODELS_CACHE", str(tmp_path))
    monkeypatch.setitem(ensure_embedded.__globals__["EMBEDDED"], "safety", lambda: fit_safety(num_generated=100))
    folder = ensure_embedded("safety")
    assert folder == tmp_path / "small-safety-v6"
    assert (
        "auc 0." in capsys.readouterr().err
        or "auc 1." in capsys.readouterr().err
        or (folder / "reward_model.json").exists()
    )
    assert set(read_card(folder).figures) >= {"auc", "calibration_error", "length_bias_slope"}


def test_cache_is_where_the_environment_says(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("REWARD_MODELS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert embedded_folder("safety") == tmp_path / "reward_models" / "small-safety-v6"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert embedded_folder("safety") == tmp_path / ".cache" / "reward_models" / "small-safety-v6"


def test_own_pairs_and_examples_are_learned_too() -> None:
    own = [PreferencePair(f"q{n}", f"blorp {n}", f"flim {n}") for n in range(60)]
    better, worse = fit_helpfulness(own, num_generated=180).score(["q"] * 2, ["blorp", "flim"])
    assert better > worse
    marked = [SafetyExample(f"q{n}", ("blorp", "flim")[n % 2], is_unsafe=n % 2 == 1) for n in range(60)]
    safe, unsafe = fit_safety(marked, num_generated=100).score(["q"] * 2, ["blorp", "flim"])
    assert safe > 0.5 > unsafe


def test_scores_of_own_pairs_are_calibrated_on_those_that_training_leaves_out() -> None:
    """Noise: a fit tells the responses apart that it was shown, and not those that it was not."""
    words = np.random.default_rng(0).integers(10**6, size=(400, 2, 8))
    own = [
        PreferencePair(f"q{n}", *(" ".join(map(str, text)) for text in pair), group=str(n))
        for n, pair in enumerate(words)
    ]
    model = fit_helpfulness(own, num_generated=0, held_out=0.25)
    model.calibration = replace(model.calibration, clip=math.inf)
    deviations = []
    for pairs in split_by_group(own, share=0.25, seed=0):
        texts = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
        deviations.append(np.std(model.score([pair.prompt for pair in pairs] * 2, texts), ddof=1))
    assert deviations[0] == pytest.approx(1, abs=1e-3)
    assert deviations[1] > 2


def test_too_few_pairs_to_hold_some_out_are_refused() -> None:
    with pytest.raises(ValueError, match=r"to hold out \(0\.1 of them\) for calibration; got 3 pairs of 1\. Give more"):
        fit_helpfulness([PreferencePair("q", f"good {n}", f"evil {n}") for n in range(3)])


def test_unknown_name_gets_the_closest_one_and_a_checkpoint_gets_advice(tmp_path) -> None:
    with pytest.raises(LoadError, match="Did you mean 'helpfulness'"):
        load("helpfullness")
    with pytest.raises(LoadError, match="does not say what it judges"):
        load(save_checkpoint(tmp_path, decoder()))


@pytest.mark.parametrize(("field", "value"), [("kind", "humour"), ("scorer", "quantum")])
def test_model_of_another_kind_is_refused(cache, tmp_path, field: str, value: str) -> None:
    content = json.loads((embedded_folder("safety") / "reward_model.json").read_text())
    (tmp_path / "reward_model.json").write_text(json.dumps({**content, field: value, "notice": None}))
    with pytest.raises(LoadError, match=value):
        load(tmp_path)


@pytest.mark.filterwarnings("ignore::reward_models.loading.SmallModelWarning")
@pytest.mark.parametrize(("kind", "rows"), [("helpfulness", PAIRS), ("safety", EXAMPLES)])
def test_command_line_trains_a_small_model_and_evaluates_it(tmp_path, capsys, kind: str, rows) -> None:
    data, out = write(tmp_path / "rows.jsonl", rows), str(tmp_path / "model")
    assert main(["train", kind, "--out", out, "--data", data, "--no-balance"]) == 0
    assert main(["evaluate", out, "--data", data]) == 0
    figures = json.loads(capsys.readouterr().out.rpartition("{")[2].join(["{", ""]))
    assert figures["pair_accuracy" if kind == "helpfulness" else "auc"] == 1.0


@pytest.mark.parametrize(("kind", "rows"), [("helpfulness", PAIRS), ("safety", EXAMPLES)])
def test_command_line_trains_a_backbone(tmp_path, capsys, kind: str, rows) -> None:
    backbone = save_checkpoint(tmp_path / "backbone", decoder(causal=True))
    arguments = ["--backbone", str(backbone), "--train.learning-rate", "3e-3", "--train.batch-size", "8"]
    data = write(tmp_path / "rows.jsonl", rows)
    assert main(["train", kind, "--out", str(tmp_path / "m"), "--data", data, "--held-out", "0.3", *arguments]) == 0
    model = load(tmp_path / "m")
    assert model.figures == json.loads(capsys.readouterr().out)
    assert all(math.isfinite(score) for score in model.score(["q"], ["good"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nothing", "--data", "x"], "No reward model 'nothing'"),
        (["train", "safety", "--out", "x", "--data", "absent.jsonl"], "absent.jsonl"),
    ],
)
def test_command_line_says_what_is_wrong(capsys, arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 0, "train,evaluate,serve"),
        (["--help"], 0, "train,evaluate,serve"),
        (["train", "--help"], 0, "helpfulness,safety"),
        (["fly"], 2, "fly"),
        (["train"], 2, "helpfulness,safety"),
        (["train", "humour", "--out", "x"], 2, "humour"),
    ],
)
def test_command_line_shows_its_usage_and_refuses_unknown_commands(capsys, arguments, status: int, message) -> None:
    try:
        found: object = main(arguments)
    except SystemExit as leaving:
        found = leaving.code
    assert found == status
    assert message in "".join(capsys.readouterr())
