"""Reads one push as somebody else's software does: the content by http_ece, the token by py_vapid. Lines of JSON in, one out."""
import base64
import json
import sys

try:
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec
    from py_vapid import Vapid02
except ImportError as missing:
    print(json.dumps({"missing": str(missing)}))
    sys.exit(0)


def octets(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


told = json.load(sys.stdin)
private = ec.derive_private_key(int.from_bytes(octets(told["private"]), "big"), ec.SECP256R1())
plain = http_ece.decrypt(octets(told["body"]), private_key=private, auth_secret=octets(told["auth"]), version="aes128gcm")
# It takes no space between the two parts, which RFC 8292 allows.
proven = Vapid02.verify(told["authorization"].replace(", k=", ",k="))
print(json.dumps({"plain": plain.decode(), "proven": bool(proven)}))
