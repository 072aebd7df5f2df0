"""What LEAN is told before a run: the engine's complete configuration, the workspace's and the project's. Pure: values in, a dict out.

Class names from LEAN's Launcher/config.json, keys from Configuration/LeanArgumentParser.cs and Engine/Setup/BacktestingSetupHandler.cs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALGORITHM = "ml_mean_reversion_main.py"
CLASS = "MlMeanReversion"  # names the result files; the class itself is the only QCAlgorithm that the module defines
ID = "ml-mean-reversion"
DESCRIPTION = "Machine-learning mean reversion on US equities: QPI and walk-forward forecasts, decided after the close."
LOCAL_ID = 150_000_015  # `lean backtest` would draw one at random and write it into the tracked config.json
_LEAN = "QuantConnect.Lean.Engine"
HANDLERS: Mapping[str, str] = {
    "log-handler": "QuantConnect.Logging.CompositeLogHandler",
    "messaging-handler": "QuantConnect.Messaging.Messaging",
    "job-queue-handler": "QuantConnect.Queues.JobQueue",
    "api-handler": "QuantConnect.Api.Api",
    "map-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskMapFileProvider",
    "factor-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskFactorFileProvider",
    "data-provider": f"{_LEAN}.DataFeeds.DefaultDataProvider",
    "data-channel-provider": "DataChannelProvider",
    "object-store": f"{_LEAN}.Storage.LocalObjectStore",
    "data-aggregator": f"{_LEAN}.DataFeeds.AggregationManager",
}
BACKTESTING: Mapping[str, Any] = {
    "live-mode": False,
    "setup-handler": f"{_LEAN}.Setup.BacktestingSetupHandler",
    "result-handler": f"{_LEAN}.Results.BacktestingResultHandler",
    "data-feed-handler": f"{_LEAN}.DataFeeds.FileSystemDataFeed",
    "real-time-handler": f"{_LEAN}.RealTime.BacktestingRealTimeHandler",
    "history-provider": [f"{_LEAN}.HistoricalData.SubscriptionDataReaderHistoryProvider"],
    "transaction-handler": f"{_LEAN}.TransactionHandlers.BacktestingTransactionHandler",
}
LIMITS: Mapping[str, int] = {
    "symbol-minute-limit": 10_000,
    "symbol-second-limit": 10_000,
    "symbol-tick-limit": 10_000,
    "maximum-data-points-per-chart-series": 1_000_000,
    "maximum-chart-series": 30,
}


def engine_config(algorithm: Path, data: Path, results: Path, storage: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The whole configuration of a native engine; paths are made absolute, because the engine runs in its own folder."""
    return {
        "environment": "backtesting",
        "algorithm-type-name": CLASS,
        "algorithm-language": "Python",
        "algorithm-location": str(algorithm.resolve()),
        "algorithm-id": ID,
        "backtest-name": ID,
        "data-folder": f"{data.resolve()}/",
        "results-destination-folder": str(results.resolve()),
        "object-store-root": str(storage.resolve()),
        "python-additional-paths": [str(algorithm.resolve().parent)],
        "close-automatically": True,
        "debugging": False,
        "debug-mode": False,
        "show-missing-data-logs": False,
        "force-exchange-always-open": False,
        "job-user-id": "0",
        "api-access-token": "",
        "job-organization-id": "",
        **HANDLERS,
        **LIMITS,
        "parameters": dict(parameters),
        "environments": {"backtesting": dict(BACKTESTING)},
    }


def workspace_config(data: str) -> dict[str, Any]:
    """`lean.json`: what `lean init` would leave for a workspace whose data stand in `data`; the `lean` CLI adds the rest of each run.

    `organization-id` must be there, and may be empty for local runs (lean-cli, components/util/organization_manager.py).
    """
    return {
        "data-folder": data,
        "organization-id": "",
        **HANDLERS,
        **LIMITS,
        "show-missing-data-logs": False,
        "force-exchange-always-open": False,
        "environments": {"backtesting": dict(BACKTESTING)},
    }


def project_config(parameters: Mapping[str, str]) -> dict[str, Any]:
    """`config.json` of a LEAN project."""
    return {"algorithm-language": "Python", "parameters": dict(parameters), "description": DESCRIPTION, "local-id": LOCAL_ID}
