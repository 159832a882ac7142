"""From what people said to what the robot learns: credit, weighing, calibration, R_h."""
