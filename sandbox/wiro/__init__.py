"""A stand-in for Wiro's service."""

from sandbox.wiro.faults import KINDS, Fault, FaultKind, Faults, Point
from sandbox.wiro.standin import WiroStandIn
from sandbox.wiro.tasks import Task

__all__ = ["KINDS", "Fault", "FaultKind", "Faults", "Point", "Task", "WiroStandIn"]
