"""The two errors that every layer shares; each layer adds its own below ``CcxxError``."""


class CcxxError(Exception):
    """An error that is somebody's fault and not ours; its text is for people, in one line."""


class DecodeError(CcxxError):
    """Bytes or text from outside do not parse."""
