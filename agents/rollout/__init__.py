"""Sampling with a policy. A rollout engine is one file here and one row of `ENGINES`."""

ENGINES: dict[str, str] = {
    "decode": "agents.rollout.decode:DecodeEngine",
    "hf": "agents.rollout.hf:HFGenerateEngine",
}
"""Engine name -> "module:class"; each is built from (model, pad_token_id)."""

ENGINE_CONFIGS: dict[str, str] = {
    "decode": "agents.rollout.engine_configs:DecodeEngineConfig",
    "hf": "agents.rollout.engine_configs:HFEngineConfig",
}
"""Engine name -> "module:class" of its settings, each with a default."""
