"""Certificate chains in x5c: what a valid one is, and each way to be none (B011)."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from trustid import keys
from trustid.encoding import b64_encode
from trustid.errors import TrustidError
from trustid.keys.x509 import (
    CA_VALID_DAYS,
    MAX_CERTIFICATE_BYTES,
    MAX_CERTIFICATES,
    DevelopmentCa,
    LeafNames,
    certificate_from_pem,
    check_x5c,
    leaf_key,
    leaf_names,
)

NOW = 1_800_000_000
DAY = 86_400
CA = DevelopmentCa.create("Root of the tests", now=NOW)
KEY = keys.generate("P-256")
LEAF = CA.issue(
    KEY.public_key,
    common_name="School",
    dns_names=["school.example"],
    uris=["https://school.example/issuer"],
    valid_days=30,
    now=NOW,
)


def check(*chain, anchors=(CA.certificate_der,), now=NOW, **options):
    return check_x5c([b64_encode(der) for der in chain], trust_anchors=list(anchors), now=now, **options)


class Maker:
    """Certificates of any quality; by default good ones."""

    def __init__(self, name, issuer=None, **changes):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = changes.get("key") or ec.generate_private_key(ec.SECP256R1())
        issuer = issuer or self
        start = datetime.datetime.fromtimestamp(changes.get("start", NOW - DAY), datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(changes.get("issuer_name", issuer.name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=changes.get("days", 30)))
        )
        ca = changes.get("ca", True)
        extensions = [
            (x509.BasicConstraints(ca, changes.get("path_length")), True),
            (usage(sign=changes.get("sign", not ca), certify=changes.get("certify", ca)), True),
            *changes.get("extensions", []),
        ]
        for extension, critical in extensions:
            if type(extension) not in changes.get("without", ()):
                builder = builder.add_extension(extension, critical)
        self.der = builder.sign(
            changes.get("signed_by", issuer.key), changes.get("hash", hashes.SHA256())
        ).public_bytes(Encoding.DER)


def usage(*, sign, certify):
    return x509.KeyUsage(sign, False, False, False, False, certify, certify, False, False)


ROOT = Maker("root")
MIDDLE = Maker("middle", ROOT)
END = Maker("end", MIDDLE, ca=False)


def refuse(*chain, anchors=(ROOT.der,), **options):
    with refused("x5c_invalid"):
        check(*chain, anchors=anchors, **options)


def accept(*chain, anchors=(ROOT.der,), **options):
    return check(*chain, anchors=anchors, **options)


@pytest.mark.parametrize("kind", keys.KINDS)
def test_a_leaf_of_the_development_authority(kind):
    key = keys.generate(kind).public_key
    leaf = CA.issue(
        key, common_name="x", dns_names=["a.example", "B.example"], uris=["urn:x"], valid_days=1, now=NOW
    )
    assert check(leaf) == key
    assert check(leaf, dns_name="b.example", uri="urn:x") == key
    assert leaf_names([b64_encode(leaf)]) == LeafNames(("a.example", "b.example"), ("urn:x",))
    bare = CA.issue(key, common_name="x", valid_days=1, now=NOW)
    assert check(bare) == key
    assert leaf_names([b64_encode(bare)]) == LeafNames((), ())


def test_the_authority_is_kept_and_found_again():
    again = DevelopmentCa.from_pem(CA.to_pem())
    assert again.certificate_der == CA.certificate_der
    leaf = again.issue(KEY.public_key, common_name="x", valid_days=1, now=NOW)
    assert check(leaf) == KEY.public_key
    assert "secret" in repr(again)
    assert certificate_from_pem(CA.to_pem()) == CA.certificate_der
    other = DevelopmentCa.create("other", now=NOW)
    certificate = CA.to_pem()[CA.to_pem().index(b"-----BEGIN CERT") :]
    for bad in (b"", certificate, other.to_pem()[:-800] + certificate, b"-----BEGIN CERTIFICATE-----"):
        with refused("key_invalid"):
            DevelopmentCa.from_pem(bad)
    with refused("x5c_invalid"):
        certificate_from_pem(b"nothing")


def test_times_are_those_of_the_full_hour():
    leaf = x509.load_der_x509_certificate(LEAF)
    assert leaf.not_valid_before_utc.minute == leaf.not_valid_before_utc.second == 0
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 30
    clock = DevelopmentCa.create("clock")
    made = clock.issue(KEY.public_key, common_name="x", valid_days=1)
    today = int(datetime.datetime.now(datetime.UTC).timestamp())
    assert check(made, anchors=[clock.certificate_der], now=today) == KEY.public_key


def test_B011_self_signed_leaf():
    alone = Maker("alone", ca=False)
    accept(END.der, MIDDLE.der)
    refuse(alone.der)
    refuse(alone.der, anchors=[alone.der])
    refuse(ROOT.der)


def test_B011_expired_and_not_yet_valid():
    assert check(LEAF, now=NOW + 29 * DAY)
    for now in (NOW + 31 * DAY, NOW - DAY):
        with refused("x5c_invalid"):
            check(LEAF, now=now)
    long_leaf = CA.issue(KEY.public_key, common_name="x", valid_days=CA_VALID_DAYS + 10, now=NOW)
    assert check(long_leaf)
    with refused("x5c_invalid"):  # the anchor's own time is over
        check(long_leaf, now=NOW + (CA_VALID_DAYS + 1) * DAY)
    old = Maker("old", ROOT, start=NOW - 100 * DAY)
    refuse(Maker("end", old, ca=False).der, old.der)


def test_B011_an_authority_that_is_none():
    accept(END.der, MIDDLE.der)
    for changes in (
        {"ca": False, "certify": True},
        {"ca": False},
        {"certify": False},
        {"without": (x509.BasicConstraints,)},
        {"without": (x509.KeyUsage,)},
    ):
        fake = Maker("middle", ROOT, **changes)
        refuse(Maker("end", fake, ca=False).der, fake.der)


def test_B011_path_length():
    flat = Maker("flat", ROOT, path_length=0)
    accept(Maker("end", flat, ca=False).der, flat.der)
    below = Maker("below", flat)
    refuse(Maker("end", below, ca=False).der, below.der, flat.der)


def test_B011_anchor_in_the_chain():
    accept(END.der, MIDDLE.der)
    refuse(END.der, MIDDLE.der, ROOT.der)
    accept(END.der, MIDDLE.der, ROOT.der, anchor_in_chain=True)
    accept(END.der, MIDDLE.der, anchor_in_chain=True)
    refuse(END.der, MIDDLE.der, anchors=[MIDDLE.der, ROOT.der])
    other = Maker("root")
    refuse(END.der, MIDDLE.der, other.der, anchor_in_chain=True)
    refuse(END.der, MIDDLE.der, anchors=[other.der])
    refuse(END.der, MIDDLE.der, anchors=[])


def test_B011_order_and_gaps():
    accept(END.der, MIDDLE.der)
    refuse(MIDDLE.der, END.der)
    refuse(END.der)
    refuse(END.der, MIDDLE.der, MIDDLE.der)
    lower = Maker("lower", MIDDLE)
    end = Maker("end", lower, ca=False)
    accept(end.der, lower.der, MIDDLE.der)
    refuse(end.der, MIDDLE.der, lower.der)
    refuse(end.der, lower.der)
    stranger = Maker("stranger", ROOT)
    refuse(end.der, lower.der, MIDDLE.der, stranger.der)
    refuse(end.der, stranger.der, lower.der, MIDDLE.der)


def test_B011_names():
    uri = "https://school.example/issuer"
    assert check(LEAF, dns_name="school.example", uri=uri) == KEY.public_key
    assert check(LEAF, dns_name="SCHOOL.example") == KEY.public_key
    for bad in (
        {"dns_name": "other.example"},
        {"dns_name": "a.school.example"},
        {"dns_name": ""},
        {"uri": uri + "/"},
        {"uri": "https://SCHOOL.example/issuer"},
        {"uri": "school.example"},
    ):
        with refused("x5c_invalid"):
            check(LEAF, **bad)
    common_name_only = CA.issue(KEY.public_key, common_name="school.example", valid_days=1, now=NOW)
    with refused("x5c_invalid"):
        check(common_name_only, dns_name="school.example")


def test_B011_forged_signature_and_borrowed_name():
    thief = Maker("thief", MIDDLE, ca=False, signed_by=ec.generate_private_key(ec.SECP256R1()))
    refuse(thief.der, MIDDLE.der)
    twin = Maker("middle", Maker("root"))  # the same names, other keys
    refuse(Maker("end", twin, ca=False).der, twin.der)
    accept(Maker("end", MIDDLE, ca=False).der, MIDDLE.der)


def test_B011_purpose_of_the_leaf():
    accept(Maker("end", MIDDLE, ca=False, without=(x509.KeyUsage,)).der, MIDDLE.der)
    accept(Maker("end", MIDDLE, ca=False, without=(x509.BasicConstraints,)).der, MIDDLE.der)
    refuse(Maker("end", MIDDLE, ca=False, sign=False).der, MIDDLE.der)
    refuse(Maker("end", MIDDLE, ca=True, sign=True).der, MIDDLE.der)


def test_B011_critical_extensions_that_nobody_understands():
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    accept(Maker("end", MIDDLE, ca=False, extensions=[(unknown, False)]).der, MIDDLE.der)
    refuse(Maker("end", MIDDLE, ca=False, extensions=[(unknown, True)]).der, MIDDLE.der)
    odd = Maker("odd", ROOT, extensions=[(unknown, True)])
    refuse(Maker("end", odd, ca=False).der, odd.der)


def test_B011_name_constraints():
    only_school = x509.NameConstraints([x509.DNSName("school.example")], None)
    narrow = Maker("narrow", ROOT, extensions=[(only_school, True)])

    def end(host):
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        return Maker("end", narrow, ca=False, extensions=[(names, False)]).der

    accept(end("a.school.example"), narrow.der)
    refuse(end("bank.example"), narrow.der)


def test_B011_weak_algorithms_and_other_keys():
    weak = Maker("end", MIDDLE, ca=False, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    refuse(weak.der, MIDDLE.der)
    k1 = Maker("end", MIDDLE, ca=False, key=ec.generate_private_key(ec.SECP256K1()))
    refuse(k1.der, MIDDLE.der)
    p384 = Maker("end", MIDDLE, ca=False, key=ec.generate_private_key(ec.SECP384R1()))
    assert accept(p384.der, MIDDLE.der).algorithm == "ES384"


def test_B011_sizes():
    chain = [ROOT]
    for number in range(MAX_CERTIFICATES - 1):
        chain.append(Maker(f"middle {number}", chain[-1]))
    end = Maker("end", chain[-1], ca=False)
    ders = [end.der, *[link.der for link in reversed(chain[1:])]]
    assert len(ders) == MAX_CERTIFICATES
    accept(*ders)
    last = Maker("one more", chain[-1])
    refuse(Maker("end", last, ca=False).der, last.der, *ders[1:])
    big = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(MAX_CERTIFICATE_BYTES)
    )
    refuse(Maker("end", MIDDLE, ca=False, extensions=[(big, False)]).der, MIDDLE.der)
    smaller = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(MAX_CERTIFICATE_BYTES // 2)
    )
    accept(Maker("end", MIDDLE, ca=False, extensions=[(smaller, False)]).der, MIDDLE.der)


@pytest.mark.parametrize(
    "bad",
    [
        *(None, [], "x", {}, [1], [None], [""], ["%"], ["AAAA"], [LEAF], [[b64_encode(LEAF)]]),
        [b64_encode(LEAF) + "\n"],
        [b64_encode(LEAF + b"\0")],
        [b64_encode(LEAF).rstrip("=") + "==="],
        [b64_encode(LEAF)] * 6,
    ],
)
def test_B011_what_is_no_chain(bad):
    assert check(LEAF)
    with refused("x5c_invalid"):
        check_x5c(bad, trust_anchors=[CA.certificate_der], now=NOW)
    if bad != [b64_encode(LEAF)] * 6:
        with refused("x5c_invalid"):
            leaf_names(bad)


@given(st.binary(max_size=60), st.integers(0, len(LEAF) - 1), st.integers(1, 255))
def test_any_bytes_as_a_certificate(data, place, change):
    changed = LEAF[:place] + bytes([LEAF[place] ^ change]) + LEAF[place + 1 :]
    for der in (data, changed):
        with pytest.raises(TrustidError) as caught:
            check(der)
        assert caught.value.code == "x5c_invalid"
        try:
            leaf_names([b64_encode(der)])
        except TrustidError as error:
            assert error.code == "x5c_invalid"


def test_a_key_on_first_use():
    assert leaf_key([b64_encode(LEAF)], now=NOW) == KEY.public_key
    for now in (NOW - DAY, NOW + 31 * DAY):
        with refused("x5c_invalid"):
            leaf_key([b64_encode(LEAF)], now=now)
    with refused("x5c_invalid"):
        leaf_key([], now=NOW)


def test_issue_refuses_foreign_keys():
    class Foreign:
        algorithm = "none"

    with refused("unsupported"):
        CA.issue(Foreign(), common_name="x", valid_days=1)
