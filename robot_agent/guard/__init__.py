"""The one process that may move the robot. No network, no inference in this package; the body is injected."""
