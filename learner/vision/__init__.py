"""Trains and measures the detector that finds named things in the robot's camera frames."""
