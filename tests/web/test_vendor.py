"""What others wrote and pages load is what their authors published, with their licences, and nothing else lies beside it."""

import hashlib
from importlib.resources import files

from springback.web import drawing

VENDORED = {
    "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",  # npm htmx.org 2.0.11, 0BSD
    "htmx-LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",  # npm uplot 1.6.32, MIT
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot-LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}


def test_what_is_vendored_is_what_was_published() -> None:
    folder = files("springback.web") / "static" / "vendor"
    assert {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()} == VENDORED


def test_every_asset_is_served_with_its_kind() -> None:
    kinds = {name.rpartition(".")[2]: kind for name, (_, kind) in drawing.assets().items()}
    assert kinds == {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert not [name for name in drawing.assets() if "LICENSE" in name]
