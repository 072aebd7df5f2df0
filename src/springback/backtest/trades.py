"""The life of a position from its entry to its row in the trades table."""

from springback.backtest.state import Account
from springback.compiled import compiled
from springback.strategy.decide import LONG, SHORT


@compiled
def begin(account: Account, row: int, name: int, quantity: int, price: float, fee: float, lost: float) -> None:
    """A position was opened in `row`: `quantity` signed shares at `price`, `lost` dollars of slippage in it."""
    life = account.lives[name]
    life["entry_row"] = row
    life["quantity"] = quantity
    life["entry_price"] = price
    life["fees"] = fee
    life["slippage"] = lost
    life["dividends"] = 0.0
    life["borrow"] = 0.0
    life["flow"] = -quantity * price - fee
    life["value"] = abs(quantity) * price


@compiled
def go_on(account: Account, row: int, name: int, price: float, moved: float, fee: float, lost: float, reason: int) -> None:
    """A position was filled again and `moved` dollars: it ends, or goes on, and keeps the most shares it held and their mean price."""
    life, quantity, mean = account.lives[name], account.book.quantity[name], account.book.entry_price[name]
    life["flow"] += moved
    life["fees"] += fee
    life["slippage"] += lost
    if quantity == 0:
        finish(account, row, name, price, reason)
    else:
        if abs(quantity) > abs(life["quantity"]):
            life["quantity"] = quantity
            life["value"] = abs(quantity) * mean
        life["entry_price"] = mean


@compiled
def finish(account: Account, row: int, name: int, price: float, reason: int) -> None:
    """Writes the trade of a position that was closed in `row` at `price`."""
    counts, life = account.counts[0], account.lives[name]
    trade = account.log.trades[counts["trades"]]
    trade["name"] = name
    trade["side"] = LONG if life["quantity"] > 0 else SHORT
    trade["entry_row"] = life["entry_row"]
    trade["exit_row"] = row
    trade["quantity"] = abs(life["quantity"])
    trade["entry_price"] = life["entry_price"]
    trade["exit_price"] = price
    trade["reason"] = reason
    trade["fees"] = life["fees"]
    trade["slippage"] = life["slippage"]
    trade["dividends"] = life["dividends"]
    trade["borrow"] = life["borrow"]
    trade["profit"] = life["flow"]
    trade["bear"] = life["bear"]
    trade["probability"] = life["probability"]
    trade["qpi"] = life["qpi"]
    trade["value"] = life["value"]
    counts["trades"] += 1
