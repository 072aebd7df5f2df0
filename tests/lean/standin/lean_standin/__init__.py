"""A stand-in for LEAN that drives a QCAlgorithm session by session; it knows the engine's documented behaviour and no strategy.

result = Engine(World(bars, events), parameters={...}).run(MyAlgorithm)
"""

from lean_standin.account import Account, OpenOrder, Result
from lean_standin.broker import Cancel, Partial, Refuse, Wait
from lean_standin.engine import Engine
from lean_standin.world import World

__all__ = ["Account", "Cancel", "Engine", "OpenOrder", "Partial", "Refuse", "Result", "Wait", "World"]
