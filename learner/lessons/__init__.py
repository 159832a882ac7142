"""Lessons: one thing learnt from somebody's words or demonstrations, and measured as it is learnt."""
