"""What the robot's eyes report: the detector, its answers, and how they become observations."""
