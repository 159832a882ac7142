"""From what people say to numbers that policies can learn from."""
