"""The funnel as a picture: how many names are left after each stage."""

from springback.analytics import palette
from springback.analytics.charts import NUMBER, Chart, axis, layout
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.orders_words import STAGE_WORDS


def texts(counts: list[int]) -> dict[str, object]:
    """What writes the counts behind the bars."""
    return {"text": [f"{one:,}" for one in counts], "textposition": "outside", "cliponaxis": False}


def funnel_chart(decision: FrozenDecision) -> Chart:
    """Names left on each side after every stage at which any left, on a scale of powers of ten."""
    seen = [stage for stage in STAGE_WORDS if stage != "entered" and any(one[stage]["count"] for one in decision.funnel.values())]
    labels = ["all names", *(STAGE_WORDS[stage][1] for stage in seen)]
    traces = []
    for side, colour in (("long", palette.LONG), ("short", palette.SHORT)):
        stages = decision.funnel[side]
        left = [stages["universe"]["count"]]
        for stage in seen:
            left.append(left[-1] - stages[stage]["count"])
        bar = {"type": "bar", "orientation": "h", "y": labels, "x": [one or None for one in left], "name": side}
        traces.append({**bar, "marker": {"color": colour}, "customdata": left, "hovertemplate": "%{customdata:,} names"} | texts(left))
    frame = layout(
        70 + 38 * len(labels),
        barmode="group",
        bargap=0.3,
        xaxis=axis(type="log", showgrid=True, dtick=1, tickformat=NUMBER, rangemode="tozero"),
        yaxis=axis(autorange="reversed"),
        hovermode="y unified",
    )
    caption = "Names that are left after each stage, from all with a row to those that are ordered; each line ten times the one before."
    return Chart("funnel", "From the universe to the orders", caption, traces, frame)
