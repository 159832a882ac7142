"""Simulated people who only speak, and what a policy learns from their words. Synthetic, and labelled so."""
