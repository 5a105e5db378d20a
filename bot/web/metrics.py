"""What the operator may measure. Labels are states, routes and results: no member, no server, no prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bot.model import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.model import Job

_STATE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 600, 3600, 4 * 3600)
_LAG_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 15, 60, 600)
_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LOOP_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """The process's instruments, and the `bot.jobs.ports.Observer` that moves those of jobs."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._jobs = Gauge(
            "atelier_jobs", "Jobs that have not ended, by state.", ["state"], registry=self.registry
        )
        self._entered = Counter(
            "atelier_job_states_entered", "Jobs that came into a state.", ["state"], registry=self.registry
        )
        self._in_state = Histogram(
            "atelier_job_state_seconds",
            "Time that a job spent in a state before it left it.",
            ["state"],
            buckets=_STATE_SECONDS,
            registry=self.registry,
        )
        self._delivery_lag = Histogram(
            "atelier_delivery_lag_seconds",
            "From the end of the task at Wiro to the images in their message.",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        self._refused = Counter(
            "atelier_refusals", "Jobs refused by a rule at acceptance.", ["unit"], registry=self.registry
        )
        self._calls = {
            service: Counter(
                f"atelier_{service}_calls",
                f"Requests to {service.capitalize()}, each attempt counted.",
                ["route", "result"],
                registry=self.registry,
            )
            for service in ("wiro", "discord")
        }
        self._call_seconds = {
            service: Histogram(
                f"atelier_{service}_call_seconds",
                f"Duration of the requests to {service.capitalize()}.",
                ["route"],
                buckets=_CALL_SECONDS,
                registry=self.registry,
            )
            for service in ("wiro", "discord")
        }
        self._socket = Gauge(
            "atelier_wiro_socket_connected", "1 while Wiro's event socket is open.", registry=self.registry
        )
        self._paused = Gauge(
            "atelier_line_paused", "1 while Wiro refuses the account.", ["why"], registry=self.registry
        )
        self._hooks = Counter(
            "atelier_hook_calls", "Requests to Wiro's hook.", ["result"], registry=self.registry
        )
        self._loop_lag = Histogram(
            "atelier_event_loop_lag_seconds",
            "How late the event loop woke a sleeper.",
            buckets=_LOOP_SECONDS,
            registry=self.registry,
        )

    def state_changed(self, job: Job, before: JobState | None, in_state_s: float) -> None:
        """Count the job into its state and time the one it left."""
        self._entered.labels(job.state).inc()
        if before is not None:
            self._in_state.labels(before).observe(max(0.0, in_state_s))

    def delivered(self, job: Job, lag_s: float) -> None:  # noqa: ARG002 -- an Observer is told which job
        """Time a delivery; clocks that differ may make it negative, which counts as none."""
        self._delivery_lag.observe(max(0.0, lag_s))

    def refused(self, unit: str) -> None:
        """Count a refusal at acceptance."""
        self._refused.labels(unit).inc()

    def line_paused(self, why: str | None) -> None:
        """Show why the line stands still; None: it moves."""
        self._paused.clear()
        if why is not None:
            self._paused.labels(why).set(1)

    def wiro_call(self, route: str, result: str, duration_s: float) -> None:
        """Count an attempt; `WiroClient`'s `on_call`."""
        self._call("wiro", route, result, duration_s)

    def discord_call(self, route: str, result: str, duration_s: float) -> None:
        """Count a request to Discord; see `bot.web.trace`."""
        self._call("discord", route, result, duration_s)

    def hook_call(self, result: str) -> None:
        """Count a request to Wiro's hook: "taken", "limited" or "refused"."""
        self._hooks.labels(result).inc()

    def loop_was_late(self, lag_s: float) -> None:
        """Time by how much the event loop was late."""
        self._loop_lag.observe(max(0.0, lag_s))

    def watch_socket(self, is_connected: Callable[[], bool]) -> None:
        """Ask this at every scrape."""
        self._socket.set_function(lambda: float(is_connected()))

    def set_jobs(self, counts: Mapping[JobState, int]) -> None:
        """Show how many unfinished jobs the database has in each state."""
        for state in JobState:
            if not state.has_ended:
                self._jobs.labels(state).set(counts.get(state, 0))

    def exposition(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def _call(self, service: str, route: str, result: str, duration_s: float) -> None:
        self._calls[service].labels(route, result).inc()
        self._call_seconds[service].labels(route).observe(max(0.0, duration_s))
