"""The checks in the order in which they are made: key -> what it does in words, and the check."""

from collections.abc import Callable, Iterator
from functools import partial

from springback.auditing import accounts, delays, future, labels, luck, members, past, regime, slots
from springback.auditing.audit_finding import AuditFinding, CheckResult
from springback.auditing.case import Case

Check = Callable[[Case], CheckResult]

CHECKS: dict[str, tuple[str, Check]] = {
    "truncated": ("the data end: what was known before stays, to the last bit", future.truncated),
    "corrupted": ("the future is garbage: what was known before stays", future.corrupted),
    "universe": ("the universe of all names on both futures", future.universe),
    "labels": ("labels not known yet change no model", labels.poisoned),
    "unlabelled": ("rows that never get a label change no model", labels.unlabelled),
    "warm-up": ("data that begin later give the same", past.warm_up),
    "shuffled": ("the source's rows in another order give the same bars", past.shuffled),
    "renamed": ("other symbols give the same orders", past.renamed),
    "fills": ("orders fill after their session, at the next real open", accounts.fills),
    "money": ("the account kept again from its fills", accounts.money),
    "slots": ("who holds the slots, counted again from fills and orders", slots.slots),
    "vix": ("the VIX of later sessions moves nothing", regime.vix_timing),
    "survivors": ("names of the old universe are gone by now", members.survivors),
    "noise": ("nothing is found where nothing is", luck.noise),
    "planted": ("a planted edge is found", luck.planted),
    **{
        delays.LATE_BY[one]: (f"how far the result falls with {one} a session late", partial(delays.delayed, inputs=one))
        for one in delays.INPUTS
    },
}


def examine(case: Case, keys: tuple[str, ...] = tuple(CHECKS)) -> Iterator[AuditFinding]:
    """The findings of the checks `keys`, one after the other."""
    for key in keys:
        does, check = CHECKS[key]
        found = check(case)
        yield AuditFinding(key, does, found.verdict, found.tried, found.statement, found.figures)
