"""The wire table names every message once and makes sense."""

import pytest

from shared.messages import MESSAGES, ChunkRequest, RobotStatus, Welcome
from shared.topics import TOPIC_OF, TOPICS, period_s, timeout_s


def test_every_message_has_one_topic():
    assert [topic.message for topic in TOPICS] == list(MESSAGES)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert all(TOPIC_OF[topic.message] is topic for topic in TOPICS)


def test_rates_and_timeouts_leave_room_for_a_few_lost_messages():
    for topic in TOPICS:
        if topic.rate_hz is not None:
            assert topic.timeout_s is not None
            assert topic.timeout_s >= 5 / topic.rate_hz


def test_a_figure_that_the_table_does_not_give_is_not_made_up():
    assert period_s(RobotStatus) == pytest.approx(0.1)
    assert timeout_s(ChunkRequest) == pytest.approx(2.0)
    for figure in (period_s, timeout_s):
        with pytest.raises(ValueError, match="Welcome"):
            figure(Welcome)
