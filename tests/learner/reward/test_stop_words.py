import pytest

from learner.reward.stop_words import is_stop, scolds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "stop",
            "Stop!",
            "STOP STOP",
            "please stop",
            "stoooop",
            "e-stop",
            "emergency",
            "freeze",
            "halt at once",
        ),
        *("whoa whoa stop", "don't move", "hold still", "🛑", "stop twitching", "robot, stop"),
        *("¡para!", "alto", "detente", "basta", "arrête !", "Arrêtez", "ne bouge plus"),
        *("halt", "Halt an!", "stopp", "hör auf", "stehen bleiben", "bleib stehen"),
    ],
)
def test_words_that_halt(text):
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "great",
            "don't stop",
            "do not stop now",
            "never stop doing that",
            "nonstop",
            "stop by the duck",
        ),
        *("stop at the red ball", "the stop was abrupt", "it stopped too early", "a smooth halt", "stopping"),
        *("para mí está bien", "no pares", "n'arrête pas", "das ist halt gut", "nicht anhalten"),
        "I was at the bus stop this morning and nobody was there to see the robot nod",
    ],
)
def test_words_that_do_not(text):
    assert not is_stop(text)


def test_criticism_that_begins_with_stop():
    assert scolds("Stop twitching!")
    assert not scolds("stop moving")
    assert not scolds("stop")
