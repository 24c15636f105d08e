"""The certificates of the media store: an own authority, and one for 127.0.0.1."""

import datetime
import ipaddress
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
VALID_DAYS = 365
RENEW_DAYS = 300


def ensure(ca_file: Path, server_file: Path) -> None:
    """Write the authority's certificate and the server's, with its key, unless fresh ones are there."""
    if all(
        file.is_file() and time.time() - file.stat().st_mtime < RENEW_DAYS * 86400 for file in (ca_file, server_file)
    ):
        return
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _sign('Dovecote sandbox', None, ca_key, ca_key, x509.BasicConstraints(True, 0), critical=True)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
    leaf = _sign('127.0.0.1', authority.subject, key, ca_key, here, critical=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    server_file.touch(mode=0o600)
    server_file.write_bytes(leaf.public_bytes(pem) + private)
    ca_file.write_bytes(authority.public_bytes(pem))


def _sign(
    name: str,
    issuer: x509.Name | None,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    *,
    critical: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer or subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - DAY,
        not_valid_after=now + VALID_DAYS * DAY,
    )
    return builder.add_extension(extension, critical).sign(signer, hashes.SHA256())
