"""What the newest validation and audit say of the models in use, and whether they were made under today's settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback.market import recorded
from springback.market.prose import Prose
from springback.validation.validation_words import GATE
from springback.workflow.settings import Settings, moving

VALIDATION, AUDIT = Path("validation") / "validation.json", Path("audit") / "audit.json"
WORDS = {
    "passed": "passed",
    "failed": "failed",
    "missing": "was not made",
    "other": "was made under other settings",
}


@dataclass(frozen=True)
class ChampionVerdict:
    """Of the `champion`: passed, failed, missing, or other (made under other settings), for `validation` and `audit`."""

    champion: str
    validation: str
    audit: str

    @property
    def passed(self) -> bool:
        """Whether both passed."""
        return self.validation == self.audit == "passed" and bool(self.champion)

    @property
    def reasons(self) -> tuple[tuple[str, Prose], ...]:
        """What is said against it: a code and a sentence each."""
        against = [] if self.champion else [("champion", Prose("No model is champion: run 'springback train' or 'springback retrain'."))]
        for name in ("validation", "audit"):
            word = getattr(self, name)
            if word != "passed":
                verb = "validate" if name == "validation" else name
                against.append((name, Prose(f"The {name} of the champion {WORDS[word]}: run 'springback {verb}'.")))
        return tuple(against)


def champion_verdict(settings: Settings, champion: str, runs: Path) -> ChampionVerdict:
    """What `springback validate` and `audit` left in the folder `runs`."""
    knobs = {name: str(value) for name, value in moving(settings, "forecasts").items() if not name.startswith("backtest.")}
    return ChampionVerdict(champion, _judged(runs / VALIDATION, knobs, _valid), _judged(runs / AUDIT, {}, _clean))


def _judged(file: Path, knobs: dict[str, str], good: Any) -> str:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        if knobs:
            known = recorded.named(told["settings"])
            if any(str(known.get(name, value)) != value for name, value in knobs.items()):
                return "other"
        return "passed" if good(told) else "failed"
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "missing"


def _valid(study: dict[str, Any]) -> bool:
    """Both gates on both sides, and a rank IC whose interval lies above 0."""
    whole = study["whole"]
    gates = [whole[side][name]["value"] for side in ("long", "short") for name in ("auc", "accuracy")]
    return whole["rank_ic"]["low"] > 0 and all(one is not None and one > GATE for one in gates)


def _clean(study: dict[str, Any]) -> bool:
    return not study["failed"] and bool(study["findings"])
