"""What robot, simulation and learner all mean by the same word."""

__version__ = "0.1.0"
