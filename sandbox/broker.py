"""The in-memory broker inside librdkafka as a process of its own: enough of Kafka for the demo, nothing to install.

`python -m sandbox.broker --topics a:6,b:6` prints one JSON line with the address and runs until it is told to stop.
It keeps about 5 MB a partition and then drops the oldest records without a word, so whoever produces paces itself.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import signal
from typing import Any, Final

from confluent_kafka import cimpl

PRODUCER: Final = 0
PRODUCE_REQUEST: Final = 0
ERROR_BYTES: Final = 512


class MockBroker:
    """librdkafka's own test cluster, reached through the library that the `confluent-kafka` wheel brings along.

    `test.mock.num.brokers` starts the same cluster, but gives every topic four partitions and takes no CreateTopics.
    """

    def __init__(self, *, brokers: int = 1) -> None:
        self._library = _declared(ctypes.CDLL(cimpl.__file__))
        error = ctypes.create_string_buffer(ERROR_BYTES)
        conf = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(conf, b"log_level", b"2", error, ERROR_BYTES)
        self._client = self._library.rd_kafka_new(PRODUCER, conf, error, ERROR_BYTES)
        if not self._client:
            raise RuntimeError(f"librdkafka did not start: {error.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, brokers)
        if not self._cluster:
            raise RuntimeError("librdkafka could not start its in-memory broker: no free port on loopback?")
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)

    @property
    def bootstrap(self) -> str:
        """Its addresses."""
        return str(self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode())

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic; one that is not created gets four partitions when it is first asked for."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if code:
            raise RuntimeError(f"the in-memory broker did not create topic {name}: error {code}")

    def fail_produce(self, codes: list[int]) -> None:
        """Answer the next Produce requests with these error codes of Kafka."""
        array = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, PRODUCE_REQUEST, len(codes), array)

    def close(self) -> None:
        """End it; everything in it is gone."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


def _declared(library: Any) -> Any:  # noqa: ANN401  ctypes has no types for a foreign library
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    declarations: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set": (number, [pointer, text, text, text, ctypes.c_size_t]),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_push_request_errors_array": (None, [pointer, ctypes.c_int16, ctypes.c_size_t, pointer]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
    }
    for name, (result, arguments) in declarations.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def main() -> int:
    """Run the broker until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.broker", description=__doc__)
    parser.add_argument("--topics", default="", help="topics to create, for example a:6,b:6")
    parser.add_argument("--brokers", type=int, default=1)
    arguments = parser.parse_args()
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    broker = MockBroker(brokers=arguments.brokers)
    for name, _, count in (item.rpartition(":") for item in arguments.topics.split(",") if item):
        broker.create_topic(name, int(count))
    print(json.dumps({"bootstrap_servers": broker.bootstrap}), flush=True)
    signal.sigwait(stop)
    broker.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
