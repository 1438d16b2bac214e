"""How one looked-up figure, or a few with one label, is handed to Prometheus."""

from collections.abc import Mapping

from prometheus_client.core import GaugeMetricFamily, Metric


def gauge(name: str, words: str, value: float) -> Metric:
    """A single figure `beimen_<name>`."""
    return GaugeMetricFamily(f"beimen_{name}", words, value)


def family(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    """The figure for each value of a label."""
    found = GaugeMetricFamily(f"beimen_{name}", words, labels=[label])
    for which, value in values.items():
        found.add_metric([which], value)
    return found
