"""From where a request or a socket comes, as far as it can be believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest

LONGEST_AGENT = 300
_NETWORK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Peer address, user agent and the token of a device that was seen before, if the client shows one."""

    address: str = ""
    user_agent: str = ""
    device_token: str = ""


def counted_as(address: str) -> str:
    """By what the failures and requests of an address are counted: of IPv6 by the /64, which one subscriber has."""
    known = _canonical(address)
    if ":" not in known:
        return known or address
    return f"{IPv6Address(IPv6Address(known).packed[:_NETWORK_BYTES] + bytes(_NETWORK_BYTES))}/64"


def of_request(request: HttpRequest) -> Circumstances:
    return Circumstances(
        address=_believed(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")),
        user_agent=request.headers.get("User-Agent", "")[:LONGEST_AGENT],
        device_token=request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
    )


def of_scope(scope: Mapping[str, Any]) -> Circumstances:
    headers = headers_of(scope)
    client = scope.get("client") or ("", 0)
    return Circumstances(
        address=_believed(client[0], headers.get("x-forwarded-for", "")),
        user_agent=headers.get("user-agent", "")[:LONGEST_AGENT],
        device_token=cookies_of(scope).get(settings.DEVICE_COOKIE_NAME, ""),
    )


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a socket's handshake. One that is sent twice counts as not sent: nobody honest repeats these."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for raw_name, raw_value in scope.get("headers", ()):
        name = raw_name.decode("latin-1").lower()
        twice |= {name} & found.keys()
        found[name] = raw_value.decode("latin-1")
    return {name: value for name, value in found.items() if name not in twice}


def cookies_of(scope: Mapping[str, Any]) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers_of(scope).get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _believed(peer: str, forwarded: str) -> str:
    """The peer, or whom our own proxies name: read from the right, the first address that is not one of them."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    address = peer
    while _is_proxy(address) and hops:
        address = hops.pop()
    return _canonical(address) or _canonical(peer)


def _is_proxy(address: str) -> bool:
    known = _canonical(address)
    return bool(known) and any(ip_address(known) in ip_network(proxy) for proxy in settings.TRUSTED_PROXIES)


def _canonical(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
