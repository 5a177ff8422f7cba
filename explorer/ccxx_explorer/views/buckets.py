"""Spans of time for charts: hours, days, weeks from Monday, months and years, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ccxx_explorer.language import say

HOUR, DAY = 3600, 86_400
BUCKETS = ("hour", "day", "week", "month", "year")
MOST_BUCKETS = 400
_FEW_BUCKETS = 100
_LENGTHS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 28 * DAY, "year": 365 * DAY}


def fitting_bucket(start: int, end: int) -> str:
    """Choose the smallest span that a chart can show."""
    for bucket in BUCKETS:
        if (end - start) // _LENGTHS[bucket] < _FEW_BUCKETS:
            return bucket
    return BUCKETS[-1]


def count_at_least(start: int, end: int, bucket: str) -> int:
    """Tell, without counting, how many spans there are; never less than there are."""
    return (end - start) // _LENGTHS[bucket] + 2


def boundaries(start: int, end: int, bucket: str) -> list[int]:
    """Give where each span begins, the first at or before `start`, and where the last one ends."""
    edge = _begin(datetime.fromtimestamp(start, tz=UTC), bucket)
    edges = [edge]
    while int(edge.timestamp()) < end or len(edges) == 1:
        edge = _next(edge, bucket)
        edges.append(edge)
    return [int(each.timestamp()) for each in edges]


def _begin(moment: datetime, bucket: str) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match bucket:
        case "hour":
            return hour
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return day.replace(month=1, day=1)


def _next(moment: datetime, bucket: str) -> datetime:
    match bucket:
        case "hour":
            return moment + timedelta(hours=1)
        case "day":
            return moment + timedelta(days=1)
        case "week":
            return moment + timedelta(days=7)
        case "month":
            return (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
        case _:
            return moment.replace(year=moment.year + 1)


def bucket_label(start: int, bucket: str) -> str:
    """Name a span by its beginning, as short as it can be."""
    patterns = {"hour": "%Y-%m-%d %H:00", "month": "%Y-%m", "year": "%Y"}
    return datetime.fromtimestamp(start, tz=UTC).strftime(patterns.get(bucket, "%Y-%m-%d"))


def bucket_words(bucket: str) -> str:
    """Say how long the spans are."""
    words = {
        "hour": say("by the hour"),
        "day": say("by the day"),
        "week": say("by the week"),
        "month": say("by the month"),
    }
    return words.get(bucket) or say("by the year")
