"""The judgement of a model: the thresholds that it must pass."""
