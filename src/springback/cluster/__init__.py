"""Where the work is done: on this machine's cores, or on a Dask cluster. The same results to the last bit on either."""

from springback.cluster.workers import Cores, Workers, workers_at

__all__ = ["Cores", "Workers", "workers_at"]
