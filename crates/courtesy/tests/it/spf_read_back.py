"""Checks with pyspf: JSON {"port", "checks": [[ip, sender, helo]]} on stdin, a JSON list of results on stdout."""

import json
import sys

import dns.resolver
import spf

wanted = json.load(sys.stdin)
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], wanted["port"]
dns.resolver.default_resolver = resolver

# Each name and type is asked once over the socket: pyspf itself remembers nothing from one check to the next.
ask, known = spf.DNSLookup, {}


def asked(name, kind, *rest):
    key = (name.lower(), kind)
    if key not in known:
        known[key] = ask(name, kind, *rest)
    return known[key]


spf.DNSLookup = asked
json.dump([spf.check2(i=ip, s=sender, h=helo)[0] for ip, sender, helo in wanted["checks"]], sys.stdout)
