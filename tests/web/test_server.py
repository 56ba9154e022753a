"""The socket that the server listens on."""

import socket

import pytest

from registry.web.server import STALLED, listener


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux cuts off clients that have stalled")
def test_connections_of_clients_that_stall_are_cut_off() -> None:
    with listener("127.0.0.1", 0) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == STALLED


def test_a_port_that_is_taken_is_an_error() -> None:
    with listener("127.0.0.1", 0) as listening:
        listening.listen()
        with pytest.raises(OSError, match="in use"):
            listener("127.0.0.1", listening.getsockname()[1])
