"""What is too often, too long, too large or too much is refused with what to do."""

from typing import Any

import pytest

OF_ANN = {"X-Forwarded-For": "203.0.113.7"}
OF_BOB = {"X-Forwarded-For": "203.0.113.8"}


async def statuses(client: Any, count: int, headers: dict[str, str]) -> list[int]:
    """Ask for the same so often."""
    return [(await client.get("/blocks.json", headers=headers)).status for _ in range(count)]


async def test_who_asks_too_often_is_told_when_to_ask_again(serving: Any, local: Any) -> None:
    async with serving(rate=0.5, burst=3, proxies=local) as client:
        answered = await statuses(client, 3, OF_ANN)
        refused = await client.get("/blocks.json", headers=OF_ANN)
        error = (await refused.json())["error"]
        others = await statuses(client, 1, OF_BOB)

    assert answered == [200] * 3
    assert (refused.status, error["code"]) == (429, "too-many-requests")
    assert refused.headers["Retry-After"] == "2"
    assert "2 seconds" in error["hint"]
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert others == [200]


async def test_people_who_ask_too_often_read_a_page(serving: Any, local: Any) -> None:
    async with serving(rate=0.5, burst=1, proxies=local) as client:
        await client.get("/", headers=OF_ANN)
        refused = await client.get("/", headers=OF_ANN)
        page = await refused.text()

    assert refused.status == 429
    assert "<h1>You ask more often" in page


async def test_static_files_and_health_are_never_refused(serving: Any, local: Any) -> None:
    async with serving(rate=0.5, burst=1, proxies=local) as client:
        await statuses(client, 1, OF_ANN)
        style = await client.get("/static/explorer.css", headers=OF_ANN)
        health = await client.get("/healthz", headers=OF_ANN)

    assert (style.status, health.status) == (200, 200)


async def test_an_address_is_believed_from_a_proxy_alone(serving: Any) -> None:
    async with serving(rate=0.5, burst=1) as client:
        # Whoever asks from this machine, and is no proxy, is its operator.
        assert await statuses(client, 3, OF_ANN) == [200] * 3


async def test_a_forged_chain_of_addresses_does_not_hide_who_asks(serving: Any, local: Any) -> None:
    async with serving(rate=0.01, burst=1, proxies=local) as client:
        forged = [{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"} for n in range(3)]
        found = [(await client.get("/blocks.json", headers=each)).status for each in forged]

    assert found == [200, 429, 429]


async def test_a_household_of_addresses_is_one_client(serving: Any, local: Any) -> None:
    async with serving(rate=0.01, burst=1, proxies=local) as client:
        first = await statuses(client, 1, {"X-Forwarded-For": "2001:db8::1"})
        second = await statuses(client, 1, {"X-Forwarded-For": "2001:db8::ffff"})
        other = await statuses(client, 1, {"X-Forwarded-For": "2001:db8:1::1"})

    assert (first, second, other) == ([200], [429], [200])


async def test_too_long_an_address_is_414_and_too_many_headers_are_431(client: Any) -> None:
    long = await client.get("/tx/" + "0" * 5_000 + ".json")
    large = await client.get("/status.json", headers={f"X-{n}": "x" * 3_000 for n in range(6)})

    assert (long.status, (await long.json())["error"]["code"]) == (414, "address-too-long")
    assert (large.status, (await large.json())["error"]["code"]) == (431, "headers-too-large")


async def test_when_all_places_are_taken_the_next_is_told_to_come_back(serving: Any) -> None:
    async with serving(rate=0, threads=1, waiting=-1) as client:
        for path in ("/status.json", "/status"):
            reply = await client.get(path)

            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?stattus=valid", "not known here"),
        ("?after=1&after=2", "twice"),
        ("?" + "&".join(f"p{n}=1" for n in range(100)), "too many"),
    ],
)
async def test_a_parameter_that_would_be_ignored_is_refused(
    client: Any, query: str, said: str
) -> None:
    reply = await client.get(f"/permits.json{query}")

    error = (await reply.json())["error"]
    assert reply.status == 400
    assert said in error["message"]
    assert "status" in error["hint"]


async def test_pages_pass_over_what_others_add_to_their_address(client: Any) -> None:
    reply = await client.get("/permits?utm_source=mail")

    assert reply.status == 200
