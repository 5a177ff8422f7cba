"""A life in pages and as a picture, however long it is."""

import re
from typing import Any

from ccxx_explorer.facts import LifeStep, Tone
from ccxx_explorer.language import Language, speaking
from ccxx_explorer.views.picture import draw_life


def long_life(chain: Any, moves: int) -> Any:
    """Issue a certificate and let it change hands many times."""
    certificate = chain.issue(chain.grant(), 1, "holder 0")
    for number in range(moves):
        chain.transfer(certificate, f"holder {number + 1}")
    return certificate


async def test_long_history_goes_on_before_what_was_shown(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = long_life(chain, 60)
    path = f"/certificate/{named(certificate)}"

    async with serving(chain) as get:
        pages = [await get(f"{path}.json")]
        while pages[-1]["before"]:
            pages.append(await get(f"{path}.json?before={pages[-1]['before']}"))

    events = [event for page in reversed(pages) for event in page["history"]]
    assert [len(page["history"]) for page in pages] == [25, 25, 11]
    assert [event["operation"] for event in events] == ["ISSUE", *["TRANSFER"] * 60]
    assert [event["height"] for event in events] == sorted(event["height"] for event in events)
    assert pages[0]["life"] == pages[2]["life"]


async def test_grant_of_the_permit_stands_at_the_beginning_alone(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = long_life(chain, 30)
    path = f"/certificate/{named(certificate)}"

    async with serving(chain) as get:
        newest = await get(path)
        before = (await get(f"{path}.json"))["before"]
        first = await get(f"{path}?before={before}")

    assert "Earlier events" in newest
    assert "<strong>Permit granted</strong>" not in newest
    assert "<strong>Permit granted</strong>" in first
    assert "Earlier events" not in first


async def test_transfer_without_a_deed_says_so(chain: Any, named: Any, serving: Any) -> None:
    certificate = chain.issue(chain.grant(), 1, "holder 0")
    chain.mine(chain.transfer_tx(certificate, "holder 1", deed=bytes(32)))

    async with serving(chain) as get:
        page = await get(f"/certificate/{named(certificate)}")

    assert "no deed" in page
    assert "0" * 64 not in page


async def test_picture_of_a_long_life_leaves_out_its_middle_and_says_so(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = long_life(chain, 20)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    kinds = [step["kind"] for step in facts["life"]]
    assert kinds == ["permit", "issued", "moved", "more", *["moved"] * 4, "now"]
    assert facts["life"][3]["title"] == "15 more steps"


async def test_every_box_of_the_picture_is_a_link_with_a_name(
    story: Any, named: Any, hexed: Any, serving: Any
) -> None:
    async with serving(story) as get:
        page = await get(f"/certificate/{named(story.single)}")

    picture = page.split('<div class="life"')[1].split("</svg>")[0]
    links = re.findall(r'<a href="([^"]+)" class="[a-z ]+" aria-label="([^"]+)"', picture)
    assert [label.split(",")[0] for _, label in links] == [
        "Permit granted",
        "Issued",
        "Transferred",
        "Now: valid",
    ]
    assert links[2][0] == f"/tx/{hexed(story.transfer.txid)}"
    assert "style=" not in picture


def test_picture_runs_from_the_right_where_people_read_so() -> None:
    steps = [LifeStep("issued", f"Step {n}", None, Tone.CALM, n, None) for n in range(3)]

    forth = draw_life(steps)
    with speaking(Language("fa", "Persian", is_right_to_left=True)):
        back = draw_life(steps)

    assert [box.x for box in forth.boxes] == sorted(box.x for box in forth.boxes)
    assert [box.x for box in back.boxes] == [box.x for box in reversed(forth.boxes)]
    assert all(arrow.to_x < arrow.from_x for arrow in back.arrows)


def test_long_words_in_the_picture_are_cut_and_said_whole() -> None:
    step = LifeStep(
        "now", "Donaudampfschifffahrtsgesellschaft und noch viel mehr", None, Tone.CALM, 1, 0
    )

    (box,) = draw_life([step]).boxes

    assert all(len(line) <= 19 for line in box.lines)
    assert box.label.startswith(step.title)


async def test_keys_of_each_step_are_named_by_their_role(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        facts = await get(f"/certificate/{named(story.single)}.json")
        page = await get(f"/certificate/{named(story.single)}")

    issue, transfer = facts["history"]
    assert {key["role"] for key in issue["signatures"]} == {"root", "issuing system", "issuer"}
    assert {key["role"] for key in transfer["signatures"]} == {"root", "issuer", "holder"}
    assert "signed by issuing system" in page
    assert "signed by holder" in page
