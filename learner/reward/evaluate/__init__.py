"""How good reward models are: figures with intervals, baselines, arms, cost, targets, and the report."""
