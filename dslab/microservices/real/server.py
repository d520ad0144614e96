"""The other process: the same work behind HTTP/1.1 and, where grpcio is installed, behind gRPC.

Run as ``python -m dslab.microservices.real.server``. It prints one line, its HTTP port and its gRPC port (0 where there is none), and ends
when its standard input is closed: whoever started it has then gone, however that happened.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

METHOD = "/shop.Orders/Total"
ORDER = {
    "order": 4711,
    "lines": [{"item": f"item {n}", "count": n, "cents": 199 + 50 * n} for n in range(1, 9)],
}


def total(order: dict[str, Any]) -> dict[str, Any]:
    """Do the work: the total of an order in cents, and how many things are in it."""
    lines = order["lines"]
    return {"order": order["order"], "cents": sum(line["count"] * line["cents"] for line in lines),
            "things": sum(line["count"] for line in lines)}  # fmt: skip


def has_grpc() -> bool:
    """Tell whether the package grpcio is installed; nothing is imported."""
    return importlib.util.find_spec("grpc") is not None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # the name that http.server asks for
        """Answer one order with its total."""
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(total(order)).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET
    request_queue_size = 64


def _grpc_server() -> Any:
    """Start a gRPC server whose messages are JSON in bytes, so that it needs no generated code; gives (server, port)."""
    grpc = importlib.import_module("grpc")
    serve = grpc.unary_unary_rpc_method_handler(
        lambda request, _: json.dumps(total(json.loads(request))).encode()
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    service, method = METHOD.strip("/").split("/")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: serve}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serve until standard input is closed."""
    http = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    rpc, rpc_port = _grpc_server() if has_grpc() else (None, 0)
    print(http.server_address[1], rpc_port, flush=True)
    sys.stdin.read()
    http.shutdown()
    http.server_close()
    if rpc is not None:
        rpc.stop(0)


if __name__ == "__main__":
    main()
