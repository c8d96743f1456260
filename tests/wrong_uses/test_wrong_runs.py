"""The table of wrong uses of `python -m agents`: one clear sentence each, an exit status, and nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from wrong_uses import expect_refusal, rows, write_files

from agents.__main__ import main

TINY = (
    "--cold-start-1.num-steps=1 --cold-start-2.num-steps=1 --control-1.num-steps=1 --cold-start-1.batch-size=2 "
    "--cold-start-2.batch-size=2 --control-1.batch-size=2 --evaluation.num-tasks=2 --evaluation.max-new-tokens=2 "
    "--rl.num-steps=1 --rl.rollout.num-prompts=2 --rl.rollout.group-size=2 --rl.rollout.max-new-tokens=2"
)
"""A whole run in seconds, for what is only found while one is running."""

COMMANDS = rows(
    ("trian quickstart", r"Unknown command 'trian'\. Did you mean 'train'\?"),
    ("train", r"Missing .* RECIPE One of quickstart, r1_zero, sft"),
    ("eval", r"Missing .* RECIPE One of quickstart, r1_zero, sft"),
    ("train --seed=3", r"Missing value for argument 'recipe'"),
    ("train quickstrt", r"Unknown recipe 'quickstrt'\. Did you mean 'quickstart'\?"),
    ("eval r1zero", r"Unknown recipe 'r1zero'\. Did you mean 'r1_zero'\?"),
    ("train wrong_parts_of_a_user:no_recipe", r"The recipe 'wrong_parts_of_a_user:no_recipe' cannot be imported"),
    ("train wrong_parts_of_a_user:Settings", r"gives a Settings; a recipe returns a RunConfig"),
    ("train --resume", r"needs the folder of a run behind it"),
    ("train --resume --seed=1", r"needs the folder of a run behind it"),
    ("train quickstart --resume runs/quickstart --seed=1", r"Give the folder alone: train --resume runs/quickstart\."),
    ("train --resume empty_folder", r"empty_folder is no folder of a run: it has no config\.json"),
    ("train --resume nowhere", r"nowhere is no folder of a run"),
    ("train --resume broken_run", r"broken_run/config\.json is damaged"),
    ("train --resume empty_run", r"empty_run is no folder of a run: its config\.json is not that of a run"),
    ("train --resume list_run", r"list_run is no folder of a run: its config\.json is not that of a run"),
    ("sft --algorithm=ppo", r"the recipe 'sft' has no reinforcement learning"),
    ("sft --tasks=/nowhere.jsonl", r"/nowhere\.jsonl: no such file"),
    ("train r1_zero", r"Missing .* --model STR"),
    ("eval r1_zero", r"Missing .* --model STR"),
    ("eval quickstart --responses", r"Missing value for argument '--responses'"),
    (
        "eval quickstart --responses good.jsonl",
        r"good\.jsonl exists already: name a new file in a folder",
    ),
    (
        "eval quickstart --responses nowhere/x.jsonl",
        r"has no folder nowhere: name a new file in a folder",
    ),
    ("eval quickstart --policy.path=/nowhere", r"'/nowhere': there is no such folder"),
    ("eval quickstart --policy.path=nonexistent", r"'nonexistent', neither as a folder nor as a hub name"),
    ("eval quickstart --policy.lora.alpha 0", r"policy\.lora\.alpha must be positive and finite, got 0"),
    ("eval quickstart --env.tasks=chain", r"Unknown task set 'chain'\. Did you mean 'chain_arithmetic'\?"),
    ("eval quickstart --env.reward=accuracy=1,accuracy=2", r"Error parsing --env\.reward: .* each name once"),
    ("sft --num-steps -1", r"num_steps must be at least 0, got -1"),
)
VALUES = rows(
    ("--seed abc", r"Error parsing --seed: .* 'abc'"),
    ("--seed -1", r"seed must be at least 0, got -1"),
    ("--no-such-flag 3", r"Unrecognized options: --no-such-flag"),
    ("--rl.num-stepz 2", r"Unrecognized options: --rl\.num-stepz.* Perhaps you meant: --rl\.num-steps"),
    ("--rl.num-steps -1", r"num_steps must be at least 0, got -1"),
    ("--rl.num-steps two", r"Error parsing --rl\.num-steps: .* 'two'"),
    ("--rl.rollout.num-prompts", r"Missing value for argument '--rl\.rollout\.num-prompts'"),
    ("--rl.rollout.num-prompts 0", r"num_prompts must be at least 1, got 0"),
    ("--rl.rollout.group-size 0", r"group_size must be at least 1, got 0"),
    ("--rl.rollout.max-new-tokens 0", r"max_new_tokens must be at least 1, got 0"),
    ("--rl.rollout.temperature 0", r"temperature must be positive and finite, got 0\.0"),
    ("--rl.rollout.temperature nan", r"rollout\.temperature must be positive and finite, got nan"),
    ("--rl.rollout.temperature inf", r"rollout\.temperature must be positive and finite, got inf"),
    ("--rl.rollout.top-p nan", r"top_p must lie in \(0, 1\], got nan"),
    ("--rl.rollout.group-size 1", r"group_size must be at least 2 for GRPO, got 1: its baseline is"),
    ("--rl.rollout.top-p 0.9", r"top_p must be 1 to train on, got 0\.9: the sampler chooses"),
    ("--rl.max-extra-collections -1", r"max_extra_collections must be at least 0, got -1"),
    ("--algorithm ppo --rl.max-extra-collections 1", r"max_extra_collections must be 0 for PPO, got 1"),
    ("--algorithm gspo --rl.algorithm.reduction token_mean", r"GSPO must have reduction='sequence_mean'"),
    ("--algorithm grpo --rl.algorithm.max-ratio 1.1", r"max_ratio must be above 1 \+ clip_high = 1\.28, got 1\.1"),
    ("--rl.algorithm.kl-coef -0.1", r"GRPO\.kl_coef must be at least 0 and finite, got -0\.1"),
    ("--rl.algorithm.kl-coef nan", r"GRPO\.kl_coef must be at least 0 and finite, got nan"),
    ("--rl.algorithm.kl-coef inf", r"GRPO\.kl_coef must be at least 0 and finite, got inf"),
    ("--rl.algorithm.entropy-coef -1", r"GRPO\.entropy_coef must be at least 0 and finite, got -1\.0"),
    ("--rl.algorithm.clip-low -0.2", r"GRPO\.clip_low must be at least 0, got -0\.2"),
    ("--rl.algorithm.clip-high nan", r"GRPO\.clip_high must be at least 0, got nan"),
    ("--rl.algorithm.max-ratio nan", r"max_ratio must be above 1 \+ clip_high = 1\.28, got nan"),
    ("--rl.algorithm.max-sequence-kl nan", r"max_sequence_kl must be positive, got nan"),
    ("--algorithm gspo --rl.algorithm.clip-low nan", r"GSPO\.clip_low must be at least 0, got nan"),
    ("--algorithm gmpo --rl.algorithm.clip-high -1", r"GMPO\.clip_high must be at least 0, got -1\.0"),
    ("--algorithm rloo --rl.algorithm.kl-coef nan", r"RLOO\.kl_coef must be at least 0 and finite, got nan"),
    ("--algorithm maxrl --rl.algorithm.clip-low -1", r"MaxRL\.clip_low must be at least 0, got -1\.0"),
    ("--algorithm otb --rl.algorithm.clip-high nan", r"OTB\.clip_high must be at least 0, got nan"),
    ("--algorithm otb --rl.rollout.group-size 1", r"group_size must be at least 2 for OTB, got 1: its baseline is"),
    ("--algorithm gdpo --rl.algorithm.kl-coef -1", r"GDPO\.kl_coef must be at least 0 and finite, got -1\.0"),
    ("--algorithm reinforce_pp --rl.algorithm.clip-high nan", r"ReinforcePP\.clip_high must be at least 0, got nan"),
    ("--algorithm distillation --rl.algorithm.clip-low nan", r"Distillation\.clip_low must be at least 0, got nan"),
    ("--algorithm ppo --rl.algorithm.value-coef -1", r"PPO\.value_coef must be at least 0 and finite, got -1\.0"),
    ("--algorithm ppo --rl.algorithm.value-clip nan", r"PPO\.value_clip must be at least 0, got nan"),
    ("--algorithm ppo --rl.algorithm.gamma nan", r"gamma must lie in \[0, 1\], got nan"),
    (
        "--algorithm sapo --rl.algorithm.temperature-positive nan",
        r"SAPO\.temperature_positive must be positive and finite, got nan",
    ),
    ("--rl.algorithm.top-entropy-share 0", r"top_entropy_share must lie in \(0, 1\], got 0\.0"),
    ("--rl.rollout.top-p 1.5", r"top_p must lie in \(0, 1\], got 1\.5"),
    ("--rl.optimizer.learning-rate abc", r"Error parsing --rl\.optimizer\.learning-rate: .* 'abc'"),
    ("--rl.optimizer.learning-rate nan", r"optimizer\.learning_rate must be at least 0 and finite, got nan"),
    (
        "--rl.optimizer.learning-rate 0",
        r"rl\.optimizer\.learning_rate must be positive, got 0: nothing would be learned",
    ),
    ("--control-1.optimizer.learning-rate 0", r"control_1\.optimizer\.learning_rate must be positive, got 0"),
    ("--rl.optimizer.max-grad-norm nan", r"optimizer\.max_grad_norm must be positive, got nan"),
    ("--rl.max-sampler-difference nan", r"max_sampler_difference must be None \(no limit\) or positive, got nan"),
    ("--algorithm ppo --rl.num-steps 3 --rl.num-value-steps 3", r"num_value_steps=3 leaves none of rl\.num_steps=3"),
    ("--rl.optimizer.schedule cosin", r"invalid choice 'cosin' .* Expected one of \('constant', 'cosine'\)"),
    ("--rl.algorithm.clip-lowe 0.1", r"Perhaps you meant: --rl\.algorithm\.clip-low"),
    ("--rl.algorithm.reduction token_men", r"invalid choice 'token_men' .* 'token_mean'"),
    ("--rl.update.num-minibatches 0", r"num_minibatches must be at least 1, got 0"),
    ("--rl.update.max-tokens-per-microbatch 0", r"update\.max_tokens_per_microbatch must be at least 1, got 0"),
    (
        "--rl.update.max-tokens-per-microbatch 10",
        r"max_tokens_per_microbatch=10 is less than one response of rl.rollout.max_new_tokens=48",
    ),
    (
        "--rl.update.max-tokens-per-microbatch 50",
        r"rl\.update\.max_tokens_per_microbatch=50 is less than the \d+ tokens of the longest prompt .* raise it",
    ),
    (
        "--cold-start-1.max-tokens-per-microbatch 5",
        r"cold_start_1\.max_tokens_per_microbatch=5 is less than the \d+ tokens of the longest example",
    ),
    ("--rl.reference-every 0", r"reference_every must be at least 1, got 0"),
    ("--checkpoint-every 0", r"checkpoint_every must be at least 1, got 0"),
    ("--keep-checkpoints 0", r"keep_checkpoints must be at least 1, got 0"),
    ("--evaluation.num-tasks 0", r"num_tasks must be at least 1, got 0"),
    ("--control-1.batch-size 0", r"batch_size must be at least 1, got 0"),
    ("--control-1.worked-share 2", r"worked_share must lie in \[0, 1\], got 2\.0"),
    ("--name ../elsewhere", r"name must be that of a folder in output_dir, got '\.\./elsewhere'"),
)
PARTS = rows(
    ("--algorithm ppoo", r"Unknown algorithm 'ppoo'\. Did you mean 'ppo'\?"),
    ("--algorithm=grop", r"Unknown algorithm 'grop'\. Did you mean 'grpo'\?"),
    ("--algorithm no_such_module:Own", r"No module named 'no_such_module'.* Expected \"module:attribute\""),
    ("--algorithm wrong_parts_of_a_user:not_a_part", r"gives a int, which is no algorithm"),
    (
        "--algorithm distillation",
        r"Distillation learns from a teacher: set rl\.teacher to a hub name or checkpoint folder",
    ),
    ("--algorithm distillation --rl.teacher ./nowhere", r"from '\./nowhere': there is no such folder"),
    ("--rl.teacher ./nowhere", r"rl\.teacher='\./nowhere', but GRPO has none: set rl\.algorithm to Distillation\(\)"),
    ("--rl.critic copy", r"rl\.critic='copy' .* are of a critic, and GRPO has none: set rl\.algorithm to PPO\(\)"),
    ("--algorithm ppo --rl.critic ./nowhere", r"from '\./nowhere': there is no such folder"),
    ("--algorithm ppo --rl.algorithm.gamma 2", r"gamma must lie in \[0, 1\], got 2\.0"),
    ("--algorithm rloo --rl.rollout.group-size 1", r"group_size must be at least 2 for RLOO, got 1"),
    ("--algorithm json:dumps", r"algorithm 'json:dumps' cannot be made without arguments"),
    ("--algorithm json:loads", r"algorithm 'json:loads' cannot be made without arguments"),
    ("--algorithm json:__name__", r"gives a str, which is no algorithm"),
    ("--algorithm wrong_parts_of_a_user:sums", r"'wrong_parts_of_a_user:sums' cannot be made without arguments"),
    ("--rl.rollout.engine json:nope", r"has no attribute 'nope'"),
    ("--rl.rollout.engine wrong_parts_of_a_user:sums", r"sums' cannot be made of \(model, pad_token_id=…\)"),
    ("--rl.rollout.engine json:dumps", r"engine 'json:dumps' cannot be made of \(model, pad_token_id=…\)"),
    ("--rl.rollout.engine wrong_parts_of_a_user:not_a_part", r"not_a_part' cannot be made of .* not callable"),
    ("--rl.rollout.engine decoder", r"Unknown rollout engine 'decoder'\. Did you mean 'decode'\?"),
    ("--rl.rollout.engine decod", r"Unknown rollout engine 'decod'\. Did you mean 'decode'\?"),
    ("--rl.rollout.engine hf,max_row=8", "'hf' has the settings max_rows; got max_row"),
    ("--rl.rollout.engine fh,max_rows=8", r"Did you mean 'hf'\?"),
    ("--env.chat-template-kwargs enable_thinking=false", "set use_chat_template=True"),
    (
        "--env.use-chat-template --env.chat-template-kwargs thinks=false",
        "Unknown variable of the chat template 'thinks'",
    ),
    ("--evaluation.engine decod", r"Unknown rollout engine 'decod'\. Did you mean 'decode'\?"),
    ("--env.id reasonenv/Mth-v0", r"'reasonenv/Mth-v0' .* Did you mean: `Math`\?"),
    ("--env.id reasonenv/Maths-v0", r"'reasonenv/Maths-v0' .* Did you mean: `Math`\?"),
    ("--env.id reasonenv", r"'reasonenv' cannot be made as a TextVectorEnv"),
    ("--env.id no_such_module:my/Env-v0", r"No module named 'no_such_module'"),
    ("--evaluation.env-id reasonenv/Mth-v0", r"'reasonenv/Mth-v0' .* Did you mean: `Math`\?"),
    ("--evaluation.env-id reasonenv/Nope-v0", r"Nope"),
    ("--env.reward no_such_module:reward", r"No module named 'no_such_module'"),
    ("--env.reward acuracy", r"Unknown reward 'acuracy'\. Did you mean 'accuracy'\?"),
    ("--env.reward acuracy=1,format=0.5", r"Unknown reward 'acuracy'\. Did you mean 'accuracy'\?"),
    ("--env.reward accuracy=nan", r"weight of the term 'accuracy' must be finite, got nan"),
    ("--env.reward acuracy=1", r"Unknown reward 'acuracy'\. Did you mean 'accuracy'\?"),
    ("--env.reward accuracy=1,format", r"Error parsing --env\.reward: expected pairs such as name=value"),
    ("--env.reward accuracy=abc", r"Error parsing --env\.reward: .* 'abc'"),
    ("--env.reward qa", r"qa reward needs a QAReference, but task '.*' has a MathReference"),
    ("--env.reward code_all_passed", r"needs a CodeReference, but task '.*' has a MathReference"),
    ("--evaluation.reward code_all_passed", r"needs a CodeReference, but task '.*' has a MathReference"),
    ("--env.reward wrong_parts_of_a_user:words", r"rule 'words' must return a number or a Score, got str"),
    ("--env.reward wrong_parts_of_a_user:needs", r"'wrong_parts_of_a_user:needs' is no reward.* @rule\(name\)"),
    ("--env.reward wrong_parts_of_a_user:not_a_part", r"A reward must be .* got 5 \(int\)"),
    ("--env.template plian", r"Unknown prompt template 'plian'\. Did you mean 'plain'\?"),
    ("--env.template wrong_parts_of_a_user:needs", r"A template must be .* is function"),
    ("--env.turn pythn", r"Unknown turn 'pythn'\. Did you mean 'python'\?"),
    ("--env.turn pyton --env.max-turns 2", r"Unknown turn 'pyton'\. Did you mean 'python'\?"),
    ("--env.turn wrong_parts_of_a_user:not_a_part --env.max-turns 2", r"A turn must be .* got 5 \(int\)"),
    ("--env.max-turns 3", r"max_turns=3 needs a turn"),
    ("--env.max-turns 0", r"max_turns must be at least 1, got 0"),
    ("--env.split tain", r"Unknown split 'tain' of 'chain_arithmetic'\. Did you mean 'train'\?"),
    ("--env.split trian", r"Unknown split 'trian' of 'chain_arithmetic'\. Did you mean 'train'\?"),
    ("--evaluation.split tets", r"Unknown split 'tets' of 'chain_arithmetic'\. Did you mean 'test'\?"),
    ("--tasks good.jsonl --env.split dev", r"Unknown split 'dev' of good.jsonl.* --env.tasks and --env.split\."),
    (
        "--tasks good.jsonl --evaluation.split dev",
        r"split 'dev' of good.jsonl.* and --evaluation.split\.",
    ),
    ("--tasks one.jsonl", r"no split 'test': all 1 rows .* --evaluation.tasks and --evaluation.split\."),
    ("--evaluation.split tset", r"Unknown split 'tset' of 'chain_arithmetic'\. Did you mean 'test'\?"),
)
DATA = rows(
    ("--tasks chain_arithmetics", r"Unknown task set 'chain_arithmetics'\. Did you mean 'chain_arithmetic'\?"),
    (
        "--evaluation.tasks chain_arithmetics",
        r"Unknown task set 'chain_arithmetics'\. Did you mean 'chain_arithmetic'\?",
    ),
    ("--tasks chain", r"Unknown task set 'chain'\. Did you mean 'chain_arithmetic'\?"),
    ("--tasks=", r"tasks='' is an empty name"),
    ("--evaluation.tasks=nowhere.jsonl", r"nowhere\.jsonl: no such file or folder"),
    ("--env.columns prompt=q", r"columns say what the rows of your own data hold"),
    ("--env.columns prompt", r"--env\.columns: expected pairs such as name=value"),
    ("--tasks wrong_parts_of_a_user:needs", r"tasks 'needs' must be .* a function of a split: .* 'second'"),
    ("--tasks wrong_parts_of_a_user:words", r"tasks 'words' must be .* a function of a split: .* 'response'"),
    ("--tasks missing.jsonl", r"missing\.jsonl: no such file or folder"),
    ("--tasks empty.jsonl", r"empty\.jsonl: the file holds no rows"),
    ("--tasks broken.jsonl", r"broken\.jsonl line 2: not JSON"),
    ("--tasks list.jsonl", r"list\.jsonl line 1: expected a JSON object, got list"),
    ("--tasks twice.jsonl", r"twice\.jsonl line 2: the id 'a' is that of twice\.jsonl line 1"),
    ("--tasks latin.jsonl", r"latin\.jsonl: not UTF-8 text"),
    ("--tasks null.jsonl", r"null\.jsonl line 1: expected text in column 'answer', got null"),
    ("--tasks other_columns.jsonl", r"other_columns\.jsonl line 1: .* frage, antwort.* columns="),
    ("--tasks object.json", r"object\.json: expected a JSON list of objects"),
    ("--tasks short_row.csv", r"short_row\.csv line 2: expected 2 cells"),
    ("--tasks no_gzip.jsonl.gz", r"no_gzip\.jsonl\.gz: not a whole gzip file"),
    ("--tasks no.parquet", r"no\.parquet: not a parquet file"),
    ("--tasks notes.txt", r"notes\.txt: expected a file that ends in \.jsonl"),
    ("--tasks empty_folder", r"empty_folder: no tasks in this folder"),
    ("--tasks good.jsonl", r"Task 'good/train/\d+' has no worked solution to imitate"),
    (
        "--tasks good.jsonl --env.columns prompt=nope",
        r"good\.jsonl line 1: no column 'nope'; its columns are question, answer",
    ),
    ("--tasks good.jsonl --env.columns promt=question", r"Unknown role 'promt' .* Did you mean 'prompt'\?"),
    ("--tasks good.jsonl --env.columns nonsense", r"--env\.columns: expected pairs such as name=value"),
)
POLICIES = rows(
    ("--policy.device cuda:99", r"policy\.device='cuda:99' cannot be used here"),
    ("--policy.device gpu", r"policy\.device='gpu' cannot be used here: Expected one of cpu, cuda"),
    ("--policy.dtype float61", r"Expected one of \('float32', 'bfloat16', 'float16'\)"),
    ("--policy.lora.alpha inf", r"policy\.lora\.alpha must be positive and finite, got inf"),
    ("--policy.lora.alpha nan", r"policy\.lora\.alpha must be positive and finite, got nan"),
    ("--policy.num-threads 0", r"num_threads must be at least 1, got 0"),
    ("--policy.path /nowhere", r"'/nowhere': there is no such folder"),
    ("--policy.path ./nowhere", r"'\./nowhere': there is no such folder"),
    ("--policy.path runs/a/b", r"'runs/a/b': there is no such folder"),
    ("--policy.path nowhere/", r"'nowhere/': there is no such folder"),
    ("--policy.path no_model", r"could be loaded from 'no_model'.* Unrecognized model"),
    ("--policy.path broken_model", r"could be loaded from 'broken_model'.* not a valid JSON file"),
)
PLACES = rows(
    ("--env.id broken_part_of_a_user:my/Env-v0", r"broken_part_of_a_user.*ZeroDivisionError: division by zero"),
    ("--env.id CartPole-v1", r"CartPole-v1.* learners need a TextVectorEnv"),
    (f"--rl.optimizer.learning-rate -1 {TINY}", r"learning_rate must be .* got -1"),
    (f"--output-dir a_file {TINY}", r"output_dir.*a_file"),
    (f"--output-dir /proc/x {TINY}", r"folder of the run cannot be made: .*'/proc/x.* Give another --output-dir"),
    ("--evaluation.max-new-tokens 100000000", r"max_new_tokens=100000000 is more than the model's context of 4096"),
    ("--evaluation.max-new-tokens 5000", r"evaluation\.max_new_tokens=5000 is more than"),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    write_files(folder)
    return folder


@pytest.fixture
def folder(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(files)
    monkeypatch.syspath_prepend(files)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return files


@pytest.mark.parametrize(("words", "pattern"), COMMANDS)
def test_wrong_command_is_refused(words: str, pattern: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect_refusal(main, words, pattern, folder, capsys)


@pytest.mark.parametrize(("words", "pattern"), [*VALUES, *PARTS, *DATA, *POLICIES, *PLACES])
def test_wrong_flag_is_refused(words: str, pattern: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect_refusal(main, f"train quickstart {words}", pattern, folder, capsys)
    shutil.rmtree(folder / "runs", ignore_errors=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    assert main(["train", "quickstart", *TINY.split(), f"--output-dir={folder}"]) == 0
    return folder / "quickstart"


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(finished, tmp_path / "runs" / "quickstart", symlinks=True)
    config = tmp_path / "runs" / "quickstart" / "config.json"
    values = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**values, "output_dir": "runs"}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "pattern"),
    rows(
        (f"train quickstart {TINY} --resume --seed 1", r"seed was 0, now 1"),
        ("train --resume runs/quickstart --seed 1", r"seed was 0, now 1"),
        ("train --resume runs/quickstart --name other", r"leave out --name and --output-dir"),
        ("train --resume runs/quickstart --rl.num-stepz 3", r"Perhaps you meant: --rl\.num-steps"),
        ("train --resume runs", r"runs is no folder of a run"),
        ("train --resume runs/elsewhere", r"elsewhere is no folder of a run: it has no config\.json"),
        (
            "train --resume runs/quickstart/checkpoint",
            r"its config\.json is not that of a run\. Give the folder",
        ),
        ("train --resume runs/quickstart --sede 1", r"Unrecognized options: --sede"),
        ("train --resume runs/quickstart --cold-start-1.num-steps 3", r"cold_start_1\.num_steps was 1, now 3"),
        ("train --resume runs/quickstart --keep-checkpoints 0", r"keep_checkpoints must be at least 1, got 0"),
        (f"train quickstart {TINY} --policy.path /nowhere", r"'/nowhere': there is no such folder"),
        ("eval quickstart --policy.path runs/quickstat", r"Did you mean 'runs/quickstart'\?"),
    ),
)
def test_wrong_resumption_is_refused(words: str, pattern: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect_refusal(main, words, pattern, run, capsys)


@pytest.mark.parametrize(
    "name",
    [
        "state.json",
        "model.safetensors",
        "learner.pt",
        "env_state.pickle",
    ],
)
def test_damaged_checkpoint_is_refused(name: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (damaged,) = (run / "runs" / "quickstart" / "checkpoints").rglob(name)
    damaged.write_bytes(b"damaged")
    expect_refusal(main, "train --resume runs/quickstart --rl.num-steps 2", "checkpoint", run, capsys)
