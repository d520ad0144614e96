"""The pipeline partitioned by key over a dask.distributed cluster: a LocalCluster here, any cluster's address in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def over_cluster(address: str | None = None, workers: int = 2) -> Iterator[Callable[..., list[Any]]]:
    """Give a ``run`` for `dslab.rdg.pipeline.partitioned` that works on the cluster at ``address``.

    Without an address a cluster of ``workers`` processes is started on this machine and stopped afterwards. Raises RuntimeError, with what
    to install, where dask.distributed is missing; ValueError for fewer than 1 worker.
    """
    if workers < 1:
        raise ValueError(f"a cluster of {workers} workers does nothing; use at least 1")
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise RuntimeError(
            "dask.distributed is not installed here; install it with: pip install distributed"
        ) from None
    cluster = None
    if address is None:
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
    client = Client(address or cluster)

    def run(function: Callable[..., Any], arguments: list[tuple]) -> list[Any]:
        return client.gather([client.submit(function, *one, pure=False) for one in arguments])

    try:
        yield run
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
