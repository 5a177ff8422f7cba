"""How a script can fail: the names of the reference's test vectors and the texts of its rejects."""

from enum import StrEnum

from ccxx_core.errors import CcxxError


class ScriptFailure(StrEnum):
    """The first rule that a script broke."""

    UNKNOWN_ERROR = "UNKNOWN_ERROR"
    EVAL_FALSE = "EVAL_FALSE"
    OP_RETURN = "OP_RETURN"
    SCRIPT_SIZE = "SCRIPT_SIZE"
    PUSH_SIZE = "PUSH_SIZE"
    OP_COUNT = "OP_COUNT"
    STACK_SIZE = "STACK_SIZE"
    SIG_COUNT = "SIG_COUNT"
    PUBKEY_COUNT = "PUBKEY_COUNT"
    VERIFY = "VERIFY"
    EQUALVERIFY = "EQUALVERIFY"
    CHECKMULTISIGVERIFY = "CHECKMULTISIGVERIFY"
    CHECKSIGVERIFY = "CHECKSIGVERIFY"
    NUMEQUALVERIFY = "NUMEQUALVERIFY"
    BAD_OPCODE = "BAD_OPCODE"
    DISABLED_OPCODE = "DISABLED_OPCODE"
    INVALID_STACK_OPERATION = "INVALID_STACK_OPERATION"
    INVALID_ALTSTACK_OPERATION = "INVALID_ALTSTACK_OPERATION"
    UNBALANCED_CONDITIONAL = "UNBALANCED_CONDITIONAL"
    NEGATIVE_LOCKTIME = "NEGATIVE_LOCKTIME"
    UNSATISFIED_LOCKTIME = "UNSATISFIED_LOCKTIME"
    SIG_HASHTYPE = "SIG_HASHTYPE"
    SIG_DER = "SIG_DER"
    MINIMALDATA = "MINIMALDATA"
    SIG_PUSHONLY = "SIG_PUSHONLY"
    SIG_HIGH_S = "SIG_HIGH_S"
    SIG_NULLDUMMY = "SIG_NULLDUMMY"
    PUBKEYTYPE = "PUBKEYTYPE"
    CLEANSTACK = "CLEANSTACK"
    MINIMALIF = "MINIMALIF"
    NULLFAIL = "NULLFAIL"
    DISCOURAGE_UPGRADABLE_NOPS = "DISCOURAGE_UPGRADABLE_NOPS"
    DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM"
    WITNESS_PROGRAM_WRONG_LENGTH = "WITNESS_PROGRAM_WRONG_LENGTH"
    WITNESS_PROGRAM_WITNESS_EMPTY = "WITNESS_PROGRAM_WITNESS_EMPTY"
    WITNESS_PROGRAM_MISMATCH = "WITNESS_PROGRAM_MISMATCH"
    WITNESS_MALLEATED = "WITNESS_MALLEATED"
    WITNESS_MALLEATED_P2SH = "WITNESS_MALLEATED_P2SH"
    WITNESS_UNEXPECTED = "WITNESS_UNEXPECTED"
    WITNESS_PUBKEYTYPE = "WITNESS_PUBKEYTYPE"
    OP_CODESEPARATOR = "OP_CODESEPARATOR"
    SIG_FINDANDDELETE = "SIG_FINDANDDELETE"

    @property
    def message(self) -> str:
        """The text that reject strings carry in parentheses."""
        return _MESSAGES[self]


# Other programs compare these texts, so each is the reference's to the letter.
_MESSAGES = {
    ScriptFailure.UNKNOWN_ERROR: "unknown error",
    ScriptFailure.EVAL_FALSE: (
        "Script evaluated without error but finished with a false/empty top stack element"
    ),
    ScriptFailure.OP_RETURN: "OP_RETURN was encountered",
    ScriptFailure.SCRIPT_SIZE: "Script is too big",
    ScriptFailure.PUSH_SIZE: "Push value size limit exceeded",
    ScriptFailure.OP_COUNT: "Operation limit exceeded",
    ScriptFailure.STACK_SIZE: "Stack size limit exceeded",
    ScriptFailure.SIG_COUNT: "Signature count negative or greater than pubkey count",
    ScriptFailure.PUBKEY_COUNT: "Pubkey count negative or limit exceeded",
    ScriptFailure.VERIFY: "Script failed an OP_VERIFY operation",
    ScriptFailure.EQUALVERIFY: "Script failed an OP_EQUALVERIFY operation",
    ScriptFailure.CHECKMULTISIGVERIFY: "Script failed an OP_CHECKMULTISIGVERIFY operation",
    ScriptFailure.CHECKSIGVERIFY: "Script failed an OP_CHECKSIGVERIFY operation",
    ScriptFailure.NUMEQUALVERIFY: "Script failed an OP_NUMEQUALVERIFY operation",
    ScriptFailure.BAD_OPCODE: "Opcode missing or not understood",
    ScriptFailure.DISABLED_OPCODE: "Attempted to use a disabled opcode",
    ScriptFailure.INVALID_STACK_OPERATION: "Operation not valid with the current stack size",
    ScriptFailure.INVALID_ALTSTACK_OPERATION: "Operation not valid with the current altstack size",
    ScriptFailure.UNBALANCED_CONDITIONAL: "Invalid OP_IF construction",
    ScriptFailure.NEGATIVE_LOCKTIME: "Negative locktime",
    ScriptFailure.UNSATISFIED_LOCKTIME: "Locktime requirement not satisfied",
    ScriptFailure.SIG_HASHTYPE: "Signature hash type missing or not understood",
    ScriptFailure.SIG_DER: "Non-canonical DER signature",
    ScriptFailure.MINIMALDATA: "Data push larger than necessary",
    ScriptFailure.SIG_PUSHONLY: "Only non-push operators allowed in signatures",
    ScriptFailure.SIG_HIGH_S: "Non-canonical signature: S value is unnecessarily high",
    ScriptFailure.SIG_NULLDUMMY: "Dummy CHECKMULTISIG argument must be zero",
    ScriptFailure.PUBKEYTYPE: "Public key is neither compressed or uncompressed",
    ScriptFailure.CLEANSTACK: "Extra items left on stack after execution",
    ScriptFailure.MINIMALIF: "OP_IF/NOTIF argument must be minimal",
    ScriptFailure.NULLFAIL: "Signature must be zero for failed CHECK(MULTI)SIG operation",
    ScriptFailure.DISCOURAGE_UPGRADABLE_NOPS: "NOPx reserved for soft-fork upgrades",
    ScriptFailure.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: (
        "Witness version reserved for soft-fork upgrades"
    ),
    ScriptFailure.WITNESS_PROGRAM_WRONG_LENGTH: "Witness program has incorrect length",
    ScriptFailure.WITNESS_PROGRAM_WITNESS_EMPTY: "Witness program was passed an empty witness",
    ScriptFailure.WITNESS_PROGRAM_MISMATCH: "Witness program hash mismatch",
    ScriptFailure.WITNESS_MALLEATED: "Witness requires empty scriptSig",
    ScriptFailure.WITNESS_MALLEATED_P2SH: "Witness requires only-redeemscript scriptSig",
    ScriptFailure.WITNESS_UNEXPECTED: "Witness provided for non-witness script",
    ScriptFailure.WITNESS_PUBKEYTYPE: "Using non-compressed keys in segwit",
    ScriptFailure.OP_CODESEPARATOR: "Using OP_CODESEPARATOR in non-witness script",
    ScriptFailure.SIG_FINDANDDELETE: "Signature is found in scriptCode",
}


class ScriptError(CcxxError):
    """A script does not unlock a coin."""

    def __init__(self, failure: ScriptFailure) -> None:
        self.failure = failure
        super().__init__(failure.message)
