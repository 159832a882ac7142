"""Feedback with human or synthetic ratings, to train and measure reward models on."""
