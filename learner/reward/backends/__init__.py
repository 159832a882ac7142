"""Those who speak `learner.reward.model.RewardModel`."""
