"""The rewards of open-r1, TRL and train-deepseek-r1 with their own numbers, faults included; not for training.

Values equal the origin's wherever it returns one, but nothing here hangs, prints or sets a signal: math-verify runs in
processes that are killed. Where an origin skips an example (`None`), the status is `GRADER_FAILED`. The gold answer is
`MathReference.answer`; in the origins' data sets that is the whole solution.
"""
