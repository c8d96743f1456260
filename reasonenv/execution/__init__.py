"""Running model-written Python where it can do no harm and tell no lies.

Lives here: the sandbox, its layers, and the types of its verdicts. Does not: rewards (`reasonenv.rewards.code`).
"""
