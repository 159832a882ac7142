"""The agent as a service that comes up with the robot: templates, places, and the steps of installing."""
