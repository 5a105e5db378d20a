"""Which addresses the stand-in calls: a sandbox reaches nothing but its own machine."""

from __future__ import annotations

import ipaddress

from yarl import URL


def is_loopback(text: str) -> bool:
    """Whether an address of the web is of this machine."""
    try:
        url = URL(text)
        if url.scheme not in {"http", "https"} or not url.host:
            return False
        return url.host == "localhost" or ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False
