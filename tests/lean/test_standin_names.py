"""Every public name of the stand-in is one of LEAN's, with LEAN's arguments: checked against the published type stubs.

An algorithm that leans on a name only the stand-in has would fail on the real engine. Both sides are read as source, neither is imported.
"""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent / "standin" / "lean_standin"
FOUND = find_spec("QuantConnect")
STUBS = None if FOUND is None or not FOUND.submodule_search_locations else Path(next(iter(FOUND.submodule_search_locations)))
pytestmark = pytest.mark.skipif(STUBS is None, reason="quantconnect-stubs is not installed")

# module of the stand-in -> class -> class of the stubs
CLASSES = {
    "algorithm": {"QCAlgorithm": "Algorithm.QCAlgorithm"},
    "host": {
        "AlgorithmSettings": "AlgorithmSettings",
        "UniverseSettings": "Data.UniverseSelection.UniverseSettings",
        "ObjectStore": "Storage.ObjectStore",
        "DateRules": "Scheduling.DateRules",
        "TimeRules": "Scheduling.TimeRules",
        "ScheduleManager": "Scheduling.ScheduleManager",
        "SecurityTransactionManager": "Securities.SecurityTransactionManager",
    },
    "data": {
        "Symbol": "Symbol",
        "BaseData": "Data.BaseData",
        "TradeBar": "Data.Market.TradeBar",
        "Split": "Data.Market.Split",
        "Dividend": "Data.Market.Dividend",
        "Delisting": "Data.Market.Delisting",
        "PythonData": "Python.PythonData",
        "Slice": "Data.Slice",
        "TradeBars": "Data.Market.TradeBars",
        "SubscriptionDataSource": "Data.SubscriptionDataSource",
        "SubscriptionDataConfig": "Data.SubscriptionDataConfig",
        "SecurityIdentifier": "SecurityIdentifier",
    },
    "orders": {
        "Order": "Orders.Order",
        "OrderEvent": "Orders.OrderEvent",
        "OrderTicket": "Orders.OrderTicket",
        "OrderResponse": "Orders.OrderResponse",
        "OrderFee": "Orders.Fees.OrderFee",
        "CashAmount": "Securities.CashAmount",
        "UpdateOrderFields": "Orders.UpdateOrderFields",
    },
    "securities": {
        "Security": "Securities.Equity.Equity",
        "SecurityExchange": "Securities.SecurityExchange",
        "SecurityHolding": "Securities.SecurityHolding",
        "SecurityPortfolioManager": "Securities.SecurityPortfolioManager",
        "SecurityManager": "Securities.SecurityManager",
        "SecurityChanges": "Data.UniverseSelection.SecurityChanges",
    },
    "hours": {"SecurityExchangeHours": "Securities.SecurityExchangeHours"},
    "names": {
        name: name
        for name in ("Resolution", "DataNormalizationMode", "SecurityType", "SplitType", "DelistingType", "SubscriptionTransportMedium")
    }
    | {name: f"Orders.{name}" for name in ("OrderStatus", "OrderType", "OrderDirection", "OrderField")}
    | {"Market": "Market", "Globals": "Globals", "FileFormat": "Data.FileFormat", "AccountType": "AccountType"},
}
# Python's own ways of a dictionary, which the bridge adds to LEAN's; `stop_price` of an order is its subclass's.
BRIDGE = {"keys", "values", "items", "get", "contains_key", "count", "try_get_value"}
SUBCLASSES = {("Order", "stop_price")}


class Member(NamedTuple):
    """One name of a class: the argument names of each way to call it, none for a property or constant."""

    calls: tuple[tuple[str, ...], ...]


@cache
def stub_module(name: str) -> dict[str, ast.ClassDef]:
    assert STUBS is not None
    file = STUBS.joinpath(*name.split("."), "__init__.pyi") if name else STUBS / "__init__.pyi"
    return {node.name: node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)}


def members(node: ast.ClassDef) -> dict[str, Member]:
    """Methods, properties, class constants and what `__init__` sets, private names left out."""
    found: dict[str, Member] = {}
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            if part.name == "__init__":
                found.update({name: Member(()) for name in _set_by(part)})
            elif not part.name.startswith("_"):
                is_property = any("property" in ast.unparse(mark) or "setter" in ast.unparse(mark) for mark in part.decorator_list)
                call = () if is_property else (tuple(argument.arg for argument in part.args.args if argument.arg != "self"),)
                before = found.get(part.name, Member(())).calls
                found[part.name] = Member(before + call)
        elif isinstance(part, ast.AnnAssign | ast.Assign):
            targets = [part.target] if isinstance(part, ast.AnnAssign) else part.targets
            found.update({name.id: Member(()) for name in targets if isinstance(name, ast.Name) and not name.id.startswith("_")})
    found.pop("__slots__", None)
    return found


def _set_by(function: ast.FunctionDef) -> set[str]:
    targets = [target for node in ast.walk(function) for target in getattr(node, "targets", [getattr(node, "target", None)])]
    flat = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {
        each.attr
        for each in flat
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "self" and not each.attr.startswith("_")
    }


def known(path: str) -> dict[str, Member]:
    """All names of a stub class and of its bases."""
    module, _, name = path.rpartition(".")
    node = stub_module(module)[name]
    found: dict[str, Member] = {}
    for base in node.bases:
        text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if text.startswith("QuantConnect."):
            found |= known(text.removeprefix("QuantConnect."))
    return found | members(node)


def own(module: str, name: str) -> dict[str, Member]:
    """All names of a class of the stand-in, bases of the same module included."""
    classes = {node.name: node for node in ast.parse((HERE / f"{module}.py").read_text()).body if isinstance(node, ast.ClassDef)}
    found: dict[str, Member] = {}
    for base in classes[name].bases:
        text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if text in classes:
            found |= own(module, text)
    return found | members(classes[name])


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, classes in CLASSES.items() for name in classes])
def test_every_name_is_one_of_lean_s(module: str, name: str) -> None:
    lean = known(CLASSES[module][name])
    strange = {member for member in own(module, name) if member not in lean and member not in BRIDGE and (name, member) not in SUBCLASSES}
    assert not strange, f"LEAN's {CLASSES[module][name]} has no {sorted(strange)}"


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, classes in CLASSES.items() for name in classes])
def test_arguments_come_in_lean_s_order_and_by_its_names(module: str, name: str) -> None:
    lean = known(CLASSES[module][name])
    for member, (calls,) in ((member, said.calls) for member, said in own(module, name).items() if len(said.calls) == 1):
        theirs = lean.get(member, Member(())).calls
        assert not theirs or any(call[: len(calls)] == calls for call in theirs), f"{name}.{member}{calls} is none of {theirs}"


@pytest.mark.parametrize("name", [name for name in CLASSES["names"] if name not in ("Market", "Globals")])
def test_enumerations_have_lean_s_numbers(name: str) -> None:
    module, _, known_name = CLASSES["names"][name].rpartition(".")
    tree = ast.parse((HERE / "names.py").read_text())
    mine = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    assert _numbers(mine).items() <= _numbers(stub_module(module)[known_name]).items()


def _numbers(node: ast.ClassDef) -> dict[str, int]:
    return {
        part.targets[0].id: part.value.value
        for part in node.body
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name) and isinstance(part.value, ast.Constant)
    }
