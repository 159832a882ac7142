"""Reachy Mini in MuJoCo: physics, pictures, tasks and environments over the shared control core."""
