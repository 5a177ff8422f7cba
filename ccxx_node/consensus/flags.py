"""Script verification flags as bits of a plain int: testing an IntFlag costs 1 µs."""

from typing import Final

NONE: Final = 0
P2SH: Final = 1 << 0
STRICTENC: Final = 1 << 1
DERSIG: Final = 1 << 2
LOW_S: Final = 1 << 3
NULLDUMMY: Final = 1 << 4
SIGPUSHONLY: Final = 1 << 5
MINIMALDATA: Final = 1 << 6
DISCOURAGE_UPGRADABLE_NOPS: Final = 1 << 7
CLEANSTACK: Final = 1 << 8
CHECKLOCKTIMEVERIFY: Final = 1 << 9
CHECKSEQUENCEVERIFY: Final = 1 << 10
WITNESS: Final = 1 << 11
DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: Final = 1 << 12
MINIMALIF: Final = 1 << 13
NULLFAIL: Final = 1 << 14
WITNESS_PUBKEYTYPE: Final = 1 << 15
CONST_SCRIPTCODE: Final = 1 << 16

# A script that fails without these too breaks the rules of every node there ever was.
MANDATORY: Final = P2SH

# What relay asks for (policy): mandatory rules, soft forks, and all that is against malleability.
STANDARD: Final = (
    MANDATORY
    | DERSIG
    | STRICTENC
    | MINIMALDATA
    | NULLDUMMY
    | DISCOURAGE_UPGRADABLE_NOPS
    | CLEANSTACK
    | MINIMALIF
    | NULLFAIL
    | CHECKLOCKTIMEVERIFY
    | CHECKSEQUENCEVERIFY
    | LOW_S
    | WITNESS
    | DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM
    | WITNESS_PUBKEYTYPE
    | CONST_SCRIPTCODE
)
STANDARD_NOT_MANDATORY: Final = STANDARD & ~MANDATORY
