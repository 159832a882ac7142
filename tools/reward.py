"""`reachy-coach reward`: words become rewards; each subcommand is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

app = App(name="reward", help="Words become rewards: data, training, evaluation, collecting and labelling.")
app.command("tools.reward_data:app", name="data", help="Data to train and measure reward models on.")
app.command("tools.reward_train:train", name="train", help="Fine-tune a reward model.")
app.command("tools.reward_train:predict", name="predict", help="What words are worth as a reward.")
app.command("tools.reward_evaluate:evaluate", name="evaluate", help="How good reward models are: a report.")
app.command("tools.reward_collect:collect", name="collect", help="Baseline episodes for people to rate.")
app.command("tools.reward_collect:label", name="label", help="Rate what robots did, here in the terminal.")
app.command("tools.reward_words:words", name="words", help="Does a policy learn from words alone?")
