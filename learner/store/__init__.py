"""The learner's memory: one SQLite file that the learner process and the trainer both write to."""
