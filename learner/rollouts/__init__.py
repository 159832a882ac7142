"""Where experience comes from: simulated environments and robots, behind one interface."""
