"""Review: the newest quarterly risk review, what it proposes, and signing it."""

from springback.web.page import Act, Block, Column, Frame, Links, Page, Sheet, Words
from springback.web.visit import Visit
from springback.workflow.studies import studies, values

SECTIONS = (Column("title", "Section"), Column("state", "State", "tone"))
PROPOSALS = (Column("knob", "Setting", "code"), Column("current", "Now"), Column("value", "Proposed"), Column("why", "Why", wide=True))
TRIGGERS = (Column("fired", "Fired", "tone"), Column("words", "In words", wide=True))
TONES = {"green": "good", "amber": "warn", "red": "bad"}


def review(visit: Visit) -> Page:
    """The page."""
    known = tuple(studies("review"))
    quarter = visit.query.get("quarter", known[-1] if known else "")
    if quarter not in known:
        return Page(
            "Review", "", (Words("No review is written yet: 'springback review' writes that of the newest quarter.", tone="absent"),)
        )
    told = values("review", quarter)
    sections = [{"title": one["title"], "state": one["state"], "_tone_state": TONES.get(one["state"], "")} for one in told["sections"]]
    triggers = [
        {"fired": "yes" if one["fired"] else "no", "words": one["words"], "_tone_fired": "bad" if one["fired"] else "good"}
        for one in told["triggers"]
    ]
    proposals = [{name: str(one[name]) for name in ("knob", "current", "value", "why")} for one in told["proposals"]]
    blocks: list[Block] = [Links("Quarter", tuple((one, visit.address("review", quarter=one), one == quarter) for one in known[::-1]))]
    blocks += [Words(str(line), tone="warn") for line in told["flags"]]
    blocks += [
        Sheet("proposals", "What it proposes", PROPOSALS, proposals, nothing="It proposes no change of the settings."),
        *([_sign(quarter, proposals)] if proposals else ()),
        Sheet("triggers", "Triggers", TRIGGERS, triggers),
        Sheet("sections", "Sections", SECTIONS, sections),
        Frame("The review", f"/study/review/{quarter}"),
    ]
    lead = f"{quarter}, {told['first']} to {told['last']}: {told['state']} in all; {len(proposals)} proposals."
    return Page("Review", lead, tuple(blocks))


def _sign(quarter: str, proposals: list[dict[str, str]]) -> Act:
    names = ("all of them", *(one["knob"] for one in proposals))
    words = "Signs what is proposed as a new version of the settings, in force from the next decision on."
    fields = {"only": ("Sign", names[0], names), "by": ("Who signs", "", ())}
    return Act("apply-review", "Sign the proposals", words, "Sign", fields, {"quarter": quarter})
