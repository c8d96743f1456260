"""Public data sets: one module per kind of reference, and the table of their names."""

from __future__ import annotations

__all__ = ["DATA_SETS"]

DATA_SETS: dict[str, str] = {
    **{
        name: f"reasonenv.tasksets.datasets.math:{name}"
        for name in ("gsm8k", "math500", "aime", "aime_2025", "numina_tir", "bespoke_stratos")
    },
    **{
        name: f"reasonenv.tasksets.datasets.code:{name}"
        for name in ("humaneval", "mbpp", "apps", "taco", "livecodebench")
    },
    **{
        name: f"reasonenv.tasksets.datasets.questions:{name}"
        for name in (
            *("squad", "squad_v2", "nq_open", "trivia_qa", "mmlu", "arc_challenge", "arc_easy", "truthful_qa", "gpqa"),
            *("hh_rlhf_helpful", "hh_rlhf_harmless", "xstest"),
        )
    },
}
"""Name → `DataSet`, which is also its row in the table of task sets."""
