"""Showing a new seed phrase to a person, and asking for some of its words back."""

import secrets

from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.screen import Screen

_ASKED = 3
_TRIES = 3


def drill(screen: Screen, phrase: SeedPhrase) -> bool:
    """Show a phrase and ask for three of its words; return False where nobody sits there.

    Whoever cannot repeat them gets the wallet all the same, and is told how to check later.
    """
    if not screen.is_attended():
        return False
    words = phrase.reveal().split()
    for _ in range(_TRIES):
        screen.notice(
            {str(number): word for number, word in enumerate(words, 1)},
            "The seed phrase of this wallet: shown this once, and whoever has it has the keys."
            " Write it down on paper, in this order:",
        )
        places = sorted(secrets.SystemRandom().sample(range(len(words)), _ASKED))
        if all(screen.ask_line(f"Word {place + 1}") == words[place] for place in places):
            screen.say("the words are right; clear this screen before you leave it")
            return True
        screen.say("that is not what the phrase says; look again")
    screen.warn("the phrase was not repeated: compare your paper with `backup check` before use")
    return True
