"""The operator's port: health, readiness, metrics, and Wiro's hook."""

from bot.web.metrics import Metrics
from bot.web.server import OperatorPort

__all__ = ["Metrics", "OperatorPort"]
