"""One valid row of each kind that tests put into a store."""

from learner.store.rows import Episode, NewFeedback, NewStep

STEP = NewStep(
    robot_id="r",
    boot_epoch=1,
    decision_seq=0,
    episode_id="e",
    episode_step=0,
    tool=8,
    source="policy",
    end_reason="completed",
    n_ticks=60,
    policy_version=3,
    log_prob=-1.0,
    value=0.5,
    limited_ticks=0,
    violations=0,
    time_unix_s=100.0,
    received_unix_s=101.5,
    r_task=0.25,
    payload=b"x",
)
TAP = NewFeedback(
    robot_id="r",
    episode_id="e",
    client_id="phone",
    kind="tap",
    value=1.0,
    text=None,
    received_unix_s=102.0,
    boot_epoch=1,
    shown_decision_seq=1,
    client_delay_ms=0.0,
    score=1.0,
    score_confidence=1.0,
)
EPISODE = Episode("e", "r", "nod", "nod", b"", "train", 100.0, None, None, None, 0, None)
