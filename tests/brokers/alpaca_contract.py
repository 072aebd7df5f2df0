"""Alpaca's own OpenAPI document as a judge of what our client asks and of what the fake server answers, as far as it goes."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator, oas30_format_checker

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "vendors" / "alpaca-trading-openapi.json"
SUNSET = {"easy_to_borrow", "maintenance_margin_requirement", "pattern_day_trader", "daytrade_count", "daytrading_buying_power"}
"""Fields past their sunset: the document still asks for some of them."""
WHOLE = {"limit", "page_size"}
TRUTHS = {"nested"}


class Contract:
    """The document; `faults` are what it found wrong, one line each."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = _lenient(document)

    def request(self, method: str, path: str, query: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a request: an unknown path, question or field, or a value outside its schema."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the document"]
        known = {one["name"]: one.get("schema", {}) for one in map(self._resolved, operation.get("parameters", ())) if one["in"] == "query"}
        wrong = [f"{method} {path}: unknown question {name}" for name in query if name not in known]
        for name, value in query.items():
            kind = int(value) if name in WHOLE else value == "true" if name in TRUTHS else value
            if name in known and known[name].get("type") != "array":
                wrong += self._wrong(known[name], kind, f"{method} {path}?{name}")
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            wrong += [f"{method} {path}: unknown field {name}" for name in body if name not in schema["properties"]]
            wrong += self._wrong(schema, body, f"{method} {path}")
        return wrong

    def answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer whose schema the document gives: a value outside it, a field that it does not know."""
        operation = self._operation(method, path)
        content = ((operation or {}).get("responses", {}).get(str(status), {}).get("content") or {}).get("application/json")
        return self._wrong(content["schema"], body, f"answer to {method} {path}") if content and "schema" in content else []

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        paths = self.document["paths"]
        found = next((one for one in (path, *self._shapes(path)) if one in paths), None)
        operation: dict[str, Any] | None = paths[found].get(method.lower()) if found else None
        return operation

    def _shapes(self, path: str) -> list[str]:
        """The paths of the document with a name in braces as their last part."""
        head = path.rpartition("/")[0]
        return [one for one in self.document["paths"] if one.startswith(f"{head}/{{") and one.endswith("}")]

    def _resolved(self, one: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in one:
            return one
        found: Any = self.document
        for part in one["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found  # type: ignore[no-any-return]

    def _wrong(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        validator = OAS30Validator({**schema, "components": self.document["components"]}, format_checker=oas30_format_checker)
        return [f"{where}: {'/'.join(map(str, one.absolute_path))} {one.message[:200]}" for one in validator.iter_errors(value)]


@cache
def contract() -> Contract | None:
    """The document beside the checkout; None where it is absent."""
    return Contract(json.loads(DOCUMENT.read_text(encoding="utf-8"))) if DOCUMENT.is_file() else None


def _lenient(node: Any) -> Any:
    """The document with what is past its sunset optional."""
    if isinstance(node, dict):
        node = {key: _lenient(value) for key, value in node.items()}
        if isinstance(node.get("required"), list):
            node["required"] = [name for name in node["required"] if name not in SUNSET]
        return node
    return [_lenient(one) for one in node] if isinstance(node, list) else node
