"""Policies and how they learn: networks, PPO, GAE, cloning, export, checkpoints."""
