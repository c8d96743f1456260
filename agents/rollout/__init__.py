"""Sampling with a policy. A rollout engine is one file here and one row of `ENGINES`."""

ENGINES: dict[str, str] = {
    "decode": "agents.rollout.decode:DecodeEngine",
    "hf": "agents.rollout.hf:HFGenerateEngine",
}
"""Engine name -> "module:class"; each is built from (model, pad_token_id)."""
