"""The control core: pure functions, the same bytes on robot and in simulation. Batch-first: (n, 9)."""
