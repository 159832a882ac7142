"""The tracker: a plan's goals, one event after the other."""

from learner.coordinator.goals import Answer, Cannot, Look, Made, Make, Plan, Use
from learner.coordinator.tracker import FOLLOWED_RESTS, Event, begin, follow, give_up, revise

NOD, APPLE, BOOK = Event("gesture", "nod"), Event("looked", "apple"), Event("looked", "book")
PLAN = Plan((Use("nod", times=2), Look("apple"), Made("circle", "d1")))


def after(progress, *events):
    for event in events:
        progress = follow(progress, event)
    return progress


def test_goals_are_reached_in_order_and_as_often_as_wanted():
    one = after(begin(PLAN), NOD)
    assert (one.at, one.done, one.reached) == (0, 1, ())
    two = after(one, NOD)
    assert (two.now, two.reached) == (Look("apple"), (0,))
    end = after(two, APPLE, Event("played", "circle"))
    assert end.now is None
    assert end.reached == (0, 1, 2)
    assert end.left == ()
    assert after(end, NOD, APPLE) == end


def test_a_later_goals_event_does_not_count_early():
    early = after(begin(PLAN), APPLE)
    assert early.at == 0
    assert after(early, NOD, NOD).now == Look("apple")


def test_gestures_count_by_their_motion_and_other_tools_by_being_played():
    nod = begin(Plan((Use("nod"),)))
    assert after(nod, Event("played", "nod")).now == Use("nod")
    wait = begin(Plan((Use("wait"),)))
    assert after(wait, Event("played", "wait")).now is None


def test_what_is_followed_takes_many_rests():
    progress = begin(Plan((Look("apple", follow=True), Use("nod"))))
    assert after(progress, *[APPLE] * (FOLLOWED_RESTS - 1)).at == 0
    assert after(progress, *[APPLE] * FOLLOWED_RESTS).now == Use("nod")


def test_either_answer_reaches_a_question():
    asked = begin(Plan((Answer("apple"), Look("book"))))
    assert after(asked, APPLE).now == Answer("apple")
    assert after(asked, NOD).now == after(asked, Event("gesture", "shake")).now == Look("book")


def test_strays_are_what_nobody_asked_for():
    looking = after(begin(PLAN), NOD, NOD)
    strayed = after(looking, NOD, Event("gesture", "shake"), BOOK, Event("gesture", "bow"))
    assert strayed.strays == (Event("gesture", "shake"), BOOK)
    assert strayed.now == Look("apple")
    circling = after(looking, APPLE)
    assert after(circling, Event("gesture", "wobble")).strays == ()  # a made tool may look like anything


def test_what_cannot_be_done_is_passed_over_and_not_reached():
    progress = begin(Plan((Cannot("no"), Use("nod"), Make("x"), Look("apple"))))
    assert progress.now == Use("nod")
    end = after(progress, NOD, APPLE)
    assert end.reached == (1, 3)
    assert give_up(progress).now == Look("apple")
    assert give_up(end) == end


def test_another_command_replaces_or_goes_on():
    under_way = after(begin(PLAN), NOD)
    assert revise(under_way, Plan((Look("book"),), "stop")).left == (Look("book"),)
    assert revise(under_way, Plan((), "stop")).now is None
    more = revise(under_way, Plan((Cannot("no"), Look("book")), "append"))
    assert more.done == 1
    assert after(more, NOD, APPLE, Event("played", "circle"), BOOK).reached == (0, 1, 2, 4)
    over = after(begin(Plan((Use("nod"),))), NOD)
    assert revise(over, Plan((Look("book"),), "append")).now == Look("book")


def test_a_judges_words_are_events():
    assert Event.told("nod") == NOD
    assert Event.told("looked at the apple") == APPLE
