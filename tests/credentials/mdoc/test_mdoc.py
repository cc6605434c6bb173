"""mdoc: laws, and each rule broken once beside its valid twin."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import cbor_values
from trustid import keys
from trustid.credentials.cose import X5CHAIN, CoseSign1, sign1
from trustid.credentials.mdoc import (
    DeviceMacKey,
    DeviceResponse,
    KeyAuthorizations,
    Mdoc,
    dc_api_transcript,
    issue_mdoc,
    openid4vp_transcript,
    present,
)
from trustid.credentials.mdoc.values import embed, key_from_cose, key_to_cose, to_claim
from trustid.encoding import CborTag, b64_encode, cbor_decode, cbor_encode
from trustid.errors import TrustidError
from trustid.keys.ec import P256AgreementKey
from trustid.keys.x509 import DevelopmentCa

NOW = 1_800_000_000
DAY = 86_400
MDL = "org.iso.18013.5.1.mDL"
SPACE = "org.iso.18013.5.1"
CA = DevelopmentCa.create("Authority", now=NOW - 30 * DAY)
KEY = keys.generate("P-256")
LEAF = CA.issue(
    KEY.public_key, common_name="Signer", dns_names=["dmv.example"], valid_days=3000, now=NOW - 10 * DAY
)
DEVICE = keys.generate("P-256")
ELEMENTS: dict[str, Any] = {
    "family_name": "Doe",
    "birth_date": datetime.date(1990, 1, 2),
    "portrait": b"\xff\xd8",
    "age_over_18": True,
    "driving_privileges": [{"vehicle_category_code": "A"}],
}
ASKED = {
    "client_id": "x509_san_dns:v.example",
    "nonce": "n-0",
    "response_uri": "https://v.example/r",
    "jwk_thumbprint": b"t" * 32,
}
TRANSCRIPT = openid4vp_transcript(**ASKED)  # type: ignore[arg-type]


def issued(**changes: Any) -> Mdoc:
    arguments: dict[str, Any] = {
        "doc_type": MDL,
        "key": KEY,
        "x5c": [b64_encode(LEAF)],
        "device_key": DEVICE.public_key,
        "signed": NOW,
        "valid_from": NOW,
        "valid_until": NOW + 365 * DAY,
    }
    return issue_mdoc({SPACE: ELEMENTS}, **(arguments | changes))


GOOD = issued()


def check(data: bytes, **changes: Any) -> DeviceResponse:
    """What a verifier does with a response."""
    asked: dict[str, Any] = {
        "transcript": TRANSCRIPT,
        "now": NOW + 10,
        "anchors": [CA.certificate_der],
    } | changes
    response = DeviceResponse.parse(data)
    for document in response.documents:
        document.mdoc.verify(
            document.mdoc.check_certificate(asked["anchors"], asked["now"]), doc_type=asked.get("doc_type")
        )
        document.mdoc.check_time(asked["now"])
        document.check_device(asked["transcript"], mac_key=asked.get("mac_key"))
    return response


def response(mdoc: Mdoc = GOOD, **how: Any) -> bytes:
    arguments: dict[str, Any] = {"transcript": TRANSCRIPT, "device_key": DEVICE} | how
    return DeviceResponse((present(mdoc, **arguments),)).to_bytes()


def altered(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """A response with its first document changed."""
    members = cbor_decode(data)
    change(members["documents"][0])
    return cbor_encode(members)


def items_of(document: dict[str, Any]) -> list[CborTag]:
    found: list[CborTag] = document["issuerSigned"]["nameSpaces"][SPACE]
    return found


def change_item(index: int, **members: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        item = cbor_decode(items_of(document)[index].value)
        items_of(document)[index] = embed(cbor_encode(item | members))

    return change


def resigned(
    change: Callable[[dict[str, Any]], Any] = lambda _: None,
    *,
    items: Callable[[list[dict[str, Any]]], Any] = lambda _: None,
    digest: bool = False,
) -> bytes:
    """A response whose issuer signed something else: the object changed, or items digested anew."""
    value = GOOD.to_value()
    found = [cbor_decode(one.value) for one in value["nameSpaces"][SPACE]]
    items(found)
    encoded = [cbor_encode(one) for one in found]
    value["nameSpaces"][SPACE] = [embed(one) for one in encoded]
    members = cbor_decode(cbor_decode(value["issuerAuth"][2]).value)
    if digest:
        members["valueDigests"][SPACE] = {
            item["digestID"]: hashlib.sha256(cbor_encode(embed(one))).digest()
            for item, one in zip(found, encoded, strict=True)
        }
    change(members)
    payload = cbor_encode(embed(cbor_encode(members)))
    value["issuerAuth"] = sign1(payload, KEY, unprotected={X5CHAIN: LEAF}).to_value()
    return altered(response(), lambda document: document.update(issuerSigned=value))


def test_an_mdoc_is_issued_shown_and_verified() -> None:
    shown = Mdoc.parse(GOOD.to_bytes()).select({SPACE: ["family_name", "birth_date", "portrait"]})
    read = check(response(shown), doc_type=MDL)
    assert read.documents[0].mdoc.claims() == {
        SPACE: {"family_name": "Doe", "birth_date": "1990-01-02", "portrait": "_9g"}
    }
    assert read.status == 0
    assert "Doe" not in repr(read)
    with refused("query_mismatch"):
        GOOD.select({SPACE: ["weight"]})
    with refused("query_mismatch"):
        GOOD.select({"other": ["family_name"]})


@given(st.sets(st.sampled_from(sorted(ELEMENTS)), min_size=1), st.sampled_from(["P-256", "Ed25519", "P-384"]))
def test_what_is_shown_is_a_subset_of_what_was_signed(names: set[str], kind: Any) -> None:
    key = keys.generate(kind)
    mdoc = issued(device_key=key.public_key).select({SPACE: names})
    document = DeviceResponse.parse(response(mdoc, device_key=key)).documents[0]
    document.mdoc.verify(KEY.public_key)
    document.check_device(TRANSCRIPT, algorithms=["ES256", "ES384", "EdDSA"])
    assert document.mdoc.claims()[SPACE].keys() == names
    assert document.mdoc.to_bytes() == mdoc.to_bytes()


WHOLE = response()


@given(position=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_refuses(position: int, bit: int) -> None:
    changed = bytearray(WHOLE)
    changed[position] ^= 1 << bit
    try:
        found = check(bytes(changed))
    except TrustidError:
        return
    # Nobody signs the status or the names of the outermost members; what is left holds nothing else.
    assert all(document.mdoc.claims() in ({}, GOOD.claims()) for document in found.documents)


@given(st.binary(max_size=100) | cbor_values.map(cbor_encode))
def test_only_our_errors(data: bytes) -> None:
    for read in (DeviceResponse.parse, Mdoc.parse):
        with contextlib.suppress(TrustidError):
            read(data)


@given(
    st.sampled_from(
        ["version", "docType", "digestAlgorithm", "valueDigests", "deviceKeyInfo", "validityInfo", "status"]
    ),
    cbor_values,
)
def test_only_our_errors_out_of_any_security_object(name: str, value: Any) -> None:
    with contextlib.suppress(TrustidError):
        check(resigned(lambda members: members.update({name: value})))


def test_items_are_salted_and_numbered_anew_each_time() -> None:
    first, second = GOOD.namespaces[SPACE], issued().namespaces[SPACE]
    randoms = {item.random for item in (*first, *second)}
    assert len(randoms) == 2 * len(ELEMENTS)
    assert all(len(random) >= 16 for random in randoms)
    orders = {tuple(item.digest_id for item in issued().namespaces[SPACE]) for _ in range(20)}
    assert len(orders) > 1


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
def test_digest_algorithms(name: str) -> None:
    check(response(issued(digest_algorithm=name)))


def test_issuing_refuses_what_could_not_be_verified() -> None:
    for wrong in (
        {"valid_until": NOW},
        {"valid_from": NOW - 1},
        {"digest_algorithm": "SHA-1"},
        {"x5c": []},
    ):
        with refused("malformed"):
            issued(**wrong)
    with refused("malformed"):
        issue_mdoc({SPACE: {}}, doc_type=MDL, key=KEY, x5c=[b64_encode(LEAF)], device_key=DEVICE.public_key,
                   signed=NOW, valid_from=NOW, valid_until=NOW + 1)  # fmt: skip


def test_B191_every_part_of_the_session_counts() -> None:
    check(WHOLE)
    for name, other in (
        ("client_id", "x509_san_dns:w.example"),
        ("nonce", "n-1"),
        ("response_uri", "https://v.example/s"),
        ("jwk_thumbprint", b"u" * 32),
        ("jwk_thumbprint", None),
    ):
        with refused("mdoc_device_auth"):
            check(WHOLE, transcript=openid4vp_transcript(**(ASKED | {name: other})))  # type: ignore[arg-type]
    here = dc_api_transcript(origin="https://v.example", nonce="n", jwk_thumbprint=None)
    check(response(transcript=here), transcript=here)
    for origin, nonce in (("https://w.example", "n"), ("https://v.example", "m")):
        with refused("mdoc_device_auth"):
            elsewhere = dc_api_transcript(origin=origin, nonce=nonce, jwk_thumbprint=None)
            check(response(transcript=here), transcript=elsewhere)


def device_auth(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["deviceSigned"].update(deviceAuth=value)


def test_B192_device_signature() -> None:
    check(WHOLE)
    protected, unprotected, _, signature = cbor_decode(WHOLE)["documents"][0]["deviceSigned"]["deviceAuth"][
        "deviceSignature"
    ]
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    other = present(GOOD, transcript=TRANSCRIPT, device_key=DEVICE).proof
    content = other.to_value()
    for wrong in (
        {"deviceSignature": [protected, unprotected, None, flipped]},
        {"deviceSignature": [protected, unprotected, None, b""]},
        {"deviceSignature": [cbor_encode({1: "none"}), {}, None, b""]},
        {"deviceSignature": [cbor_encode({1: -35}), {}, None, content[3]]},
        {},
        None,
    ):
        with refused("mdoc_device_auth"):
            check(altered(WHOLE, device_auth(wrong)))
    with refused("mdoc_device_auth"):
        check(response(issued(), device_key=DEVICE).replace(signature, flipped), transcript=b"\xf6")
    thief = keys.generate("P-256")
    stolen = response(issued(device_key=thief.public_key), device_key=thief)
    signed_by_thief = cbor_decode(stolen)["documents"][0]["deviceSigned"]["deviceAuth"]
    with refused("mdoc_device_auth"):
        check(altered(WHOLE, device_auth(signed_by_thief)))
    with refused("holder_mismatch"):
        present(GOOD, transcript=TRANSCRIPT, device_key=thief)


def test_B193_device_mac() -> None:
    """Both kinds of proof at once cannot be read; a MAC made with another ephemeral key does not hold."""
    reader, device, attacker = (P256AgreementKey.generate() for _ in range(3))
    ours = DeviceMacKey.agree(reader, device.public_key, TRANSCRIPT)
    theirs = DeviceMacKey.agree(device, reader.public_key, TRANSCRIPT)
    authenticated = response(device_key=None, mac_key=theirs)
    check(authenticated, mac_key=ours)
    with refused("mdoc_device_auth"):
        check(authenticated)
    with refused("mdoc_device_auth"):
        check(authenticated, mac_key=DeviceMacKey.agree(reader, attacker.public_key, TRANSCRIPT))
    with refused("mdoc_device_auth"):
        check(authenticated, mac_key=DeviceMacKey.agree(reader, device.public_key, b"\xf6"))
    both = {
        **cbor_decode(authenticated)["documents"][0]["deviceSigned"]["deviceAuth"],
        **cbor_decode(WHOLE)["documents"][0]["deviceSigned"]["deviceAuth"],
    }
    with refused("malformed"):
        check(altered(WHOLE, device_auth(both)), mac_key=ours)
    for arguments in ({"device_key": None}, {"mac_key": theirs}):
        with refused("mdoc_device_auth"):
            response(**arguments)


def test_B194_digests() -> None:
    check(altered(WHOLE, lambda _: None))
    numbers = [item.digest_id for item in GOOD.namespaces[SPACE]]
    with refused("mdoc_digest"):
        check(altered(WHOLE, change_item(0, elementValue="Roe")))
    with refused("mdoc_digest"):
        check(altered(WHOLE, change_item(0, digestID=99)))

    def swap(document: dict[str, Any]) -> None:
        change_item(0, digestID=numbers[1])(document)
        change_item(1, digestID=numbers[0])(document)

    with refused("mdoc_digest"):
        check(altered(WHOLE, swap))
    with refused("mdoc_digest"):
        check(resigned(lambda members: members["valueDigests"][SPACE].pop(numbers[0])))
    with refused("mdoc_digest"):
        check(resigned(lambda members: members["valueDigests"].pop(SPACE)))


def test_B195_nothing_stands_there_twice() -> None:
    check(resigned(digest=True))
    for wrong in (
        lambda document: items_of(document).append(items_of(document)[0]),
        change_item(0, digestID=GOOD.namespaces[SPACE][1].digest_id),
        change_item(0, elementIdentifier="birth_date"),
    ):
        with refused("malformed"):
            check(altered(WHOLE, wrong))


def test_B196_document_types() -> None:
    check(WHOLE, doc_type=MDL)
    with refused("mdoc_doctype"):
        check(altered(WHOLE, lambda document: document.update(docType="eu.europa.ec.eudi.pid.1")))
    with refused("mdoc_doctype"):
        check(WHOLE, doc_type="eu.europa.ec.eudi.pid.1")


def test_B197_digest_algorithms() -> None:
    check(resigned())
    for name in ("SHA-1", "MD5", "SHA256", "sha-256", "", None, 256):
        with refused("hash_not_allowed"):
            check(resigned(lambda members, name=name: members.update(digestAlgorithm=name)))


def test_B198_times() -> None:
    check(WHOLE, now=NOW - 60)
    check(WHOLE, now=NOW + 365 * DAY)
    with refused("not_yet_valid"):
        check(WHOLE, now=NOW - 61)
    with refused("expired"):
        check(WHOLE, now=NOW + 365 * DAY + 61)
    with refused("not_yet_valid"):
        check(response(issued(valid_from=NOW + DAY)))

    def late(members: dict[str, Any]) -> None:
        members["validityInfo"]["validUntil"] = CborTag(0, "2027-01-14T00:00:00Z")
        members["validityInfo"]["signed"] = CborTag(0, "2027-01-15T08:00:00Z")

    with refused("expired"):
        check(resigned(late))


def certificate(
    subject: str,
    issuer: str,
    public: Any,
    signer: Any,
    *,
    ca: bool,
    days: int = 3000,
    country: str | None = "AT",
) -> bytes:
    def name(text: str, where: str | None) -> x509.Name:
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, text)]
        return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, where), *parts] if where else parts)

    start = datetime.datetime.fromtimestamp(NOW - 10 * DAY, datetime.UTC)
    usage = [False] * 9
    usage[0], usage[5] = not ca, ca
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject, country))
        .issuer_name(name(issuer, "AT"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("dmv.example")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def test_B199_certificates() -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    root = certificate("IACA", "IACA", secret.public_key(), secret, ca=True)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEY.public_key.to_bytes())

    def checked(leaf: bytes, **changes: Any) -> None:
        check(response(issued(x5c=[b64_encode(leaf)])), **({"anchors": [root]} | changes))

    checked(certificate("DS", "IACA", public, secret, ca=False))
    with refused("x5c_invalid"):  # another country than its authority's
        checked(certificate("DS", "IACA", public, secret, ca=False, country="DE"))
    with refused("x5c_invalid"):
        checked(certificate("DS", "IACA", public, secret, ca=False, country=None))
    with refused("x5c_invalid"):  # over now
        checked(certificate("DS", "IACA", public, secret, ca=False, days=9))
    with refused("x5c_invalid"):  # another authority
        checked(certificate("DS", "IACA", public, secret, ca=False), anchors=[CA.certificate_der])
    with refused("x5c_invalid"):
        checked(certificate("DS", "IACA", public, secret, ca=False), anchors=[])
    with refused("x5c_invalid"):  # the anchor itself
        checked(root)
    own = ec.derive_private_key(int.from_bytes(KEY.to_bytes(), "big"), ec.SECP256R1())  # type: ignore[attr-defined]
    with refused("x5c_invalid"):  # self-signed
        checked(certificate("DS", "DS", public, own, ca=False))
    with refused("x5c_invalid"):  # signed before the certificate's time
        early = issued(x5c=[b64_encode(LEAF)], signed=NOW - 9000 * DAY)
        check(response(early))


def test_B199_x5chain_is_unprotected() -> None:
    check(WHOLE)
    payload = GOOD.issuer_auth.payload or b""
    for message in (
        sign1(payload, KEY, protected={X5CHAIN: LEAF}),
        sign1(payload, KEY),
        sign1(payload, KEY, unprotected={X5CHAIN: [LEAF]}),
    ):
        with refused("x5c_invalid"):
            check(
                altered(
                    WHOLE,
                    lambda document, message=message: document["issuerSigned"].update(
                        issuerAuth=message.to_value()
                    ),
                )
            )


def test_B200_structure_of_the_signatures() -> None:
    check(WHOLE)

    def issuer_auth(value: Any) -> Callable[[dict[str, Any]], None]:
        return lambda document: document["issuerSigned"].update(issuerAuth=value)

    protected, unprotected, payload, signature = GOOD.issuer_auth.to_value()
    for wrong in (
        [protected, unprotected, None, signature],
        [b"", {1: -7, **unprotected}, payload, signature],
        [protected, unprotected, payload, [[protected, {}, signature]]],
        [protected, unprotected, payload],
        CborTag(98, [protected, unprotected, payload, signature]),
        None,
    ):
        with refused("malformed"):
            check(altered(WHOLE, issuer_auth(wrong)))
    attached = present(GOOD, transcript=TRANSCRIPT, device_key=DEVICE).proof.to_value()
    attached[2] = b"anything"
    with refused("malformed"):
        check(altered(WHOLE, device_auth({"deviceSignature": attached})))


def test_B202_what_a_device_may_state() -> None:
    allowed = issued(authorizations=KeyAuthorizations(frozenset({"whole"}), {"part": frozenset({"battery"})}))
    for stated in ({}, {"whole": {"anything": 1}}, {"part": {"battery": datetime.date(2026, 1, 1)}}):
        check(response(allowed, stated=stated))
    read = check(response(allowed, stated={"part": {"battery": 7}}))
    assert read.documents[0].device_claims() == {"part": {"battery": 7}}
    for stated in ({"part": {"weight": 1}}, {"other": {"battery": 1}}, {SPACE: {"age_over_18": True}}):
        with refused("mdoc_device_ns"):
            check(response(allowed, stated=stated))
    with refused("mdoc_device_ns"):
        check(response(stated={"part": {"battery": 1}}))
    with refused("malformed"):

        def twice(members: dict[str, Any]) -> None:
            members["deviceKeyInfo"]["keyAuthorizations"] = {
                "nameSpaces": ["a"],
                "dataElements": {"a": ["b"]},
            }

        check(resigned(twice))


def test_B203_guessable_or_repeated_random() -> None:
    def set_random(random: bytes, count: int) -> bytes:
        def change(found: list[dict[str, Any]]) -> None:
            for item in found[:count]:
                item["random"] = random

        return resigned(items=change, digest=True)

    check(set_random(b"r" * 16, 1))
    with refused("malformed"):
        check(set_random(b"r" * 15, 1))
    with refused("malformed"):
        check(set_random(b"", 1))
    with refused("malformed"):
        check(set_random(b"r" * 16, 2))


def test_B204_embedding_and_times() -> None:
    check(WHOLE)
    first = items_of(cbor_decode(WHOLE)["documents"][0])[0].value
    for item in (
        first,
        cbor_decode(first),
        CborTag(25000, first),
        CborTag(24, "text"),
        CborTag(24, cbor_decode(first)),
    ):

        def bare(document: dict[str, Any], item: Any = item) -> None:
            items_of(document)[0] = item

        with refused("malformed"):
            check(altered(WHOLE, bare))
    for moment in (NOW, CborTag(0, NOW), CborTag(1, NOW), "2027-01-15T08:00:00Z", CborTag(0, "2027-01-15"),
                   CborTag(0, "2027-01-15T08:00:00.5Z"), CborTag(0, "2027-13-15T08:00:00Z")):  # fmt: skip
        with refused("malformed"):
            check(resigned(lambda members, moment=moment: members["validityInfo"].update(signed=moment)))


def test_B204_digests_are_over_the_bytes_that_came() -> None:
    """Members in another order are other bytes: the digest is not over what a parser would write."""
    item = cbor_decode(items_of(cbor_decode(WHOLE)["documents"][0])[0].value)
    backwards = b"\xa4" + b"".join(
        cbor_encode(name) + cbor_encode(item[name]) for name in sorted(item, reverse=True)
    )
    canonical = cbor_encode(item)
    assert cbor_decode(backwards) == cbor_decode(canonical)
    assert backwards != canonical

    def reorder(document: dict[str, Any]) -> None:
        items_of(document)[0] = embed(backwards if items_of(document)[0].value == canonical else canonical)

    with refused("mdoc_digest"):
        check(altered(WHOLE, reorder))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "2.0"),
        ("docType", 1),
        ("valueDigests", {SPACE: []}),
        ("valueDigests", {SPACE: {-1: bytes(32)}}),
        ("valueDigests", {SPACE: {0: bytes(31)}}),
        ("valueDigests", {SPACE: dict.fromkeys(range(10_001), bytes(32))}),
        ("validityInfo", {}),
        (
            "deviceKeyInfo",
            {"deviceKey": key_to_cose(DEVICE.public_key), "keyAuthorizations": {"nameSpaces": "a"}},
        ),
        ("status", 1),
    ],
)
def test_form_of_a_security_object(name: str, value: Any) -> None:
    check(resigned())
    with refused("malformed"):
        check(resigned(lambda members: members.update({name: value})))


def test_an_update_is_expected() -> None:
    def later(members: dict[str, Any]) -> None:
        members["validityInfo"]["expectedUpdate"] = CborTag(0, "2027-02-01T00:00:00Z")

    validity = check(resigned(later)).documents[0].mdoc.security_object.validity
    assert validity.expected_update == datetime.datetime(2027, 2, 1, tzinfo=datetime.UTC)
    assert "expectedUpdate" in validity.to_cbor()


def test_keys_on_the_wire() -> None:
    for kind in ("P-256", "P-384", "Ed25519"):
        key = keys.generate(kind).public_key  # type: ignore[arg-type]
        assert key_from_cose(key_to_cose(key)) == key
    good = key_to_cose(DEVICE.public_key)
    for bad in (None, [], good | {-2: b"short"}, good | {-2: "text"}, good | {-4: b"secret"}):
        with refused("key_invalid"):
            key_from_cose(bad)
    for unknown in (good | {1: 4}, good | {-1: 3}, good | {-3: True}, {}):
        with refused("unsupported"):
            key_from_cose(unknown)


def test_values_that_json_cannot_hold() -> None:
    assert to_claim({"a": [CborTag(0, "2026-01-01T00:00:00Z"), b""]}) == {"a": ["2026-01-01T00:00:00Z", ""]}
    with refused("unsupported"):
        to_claim(CborTag(37, b"uuid"))
    with refused("malformed"):
        to_claim({1: 2})


def test_form_of_a_response() -> None:
    good = {"version": "1.0", "documents": [], "status": 0}
    assert DeviceResponse.parse(cbor_encode(good)).documents == ()
    assert DeviceResponse.parse(DeviceResponse((), [{MDL: 0}], 10).to_bytes()).document_errors == [{MDL: 0}]
    for bad in (
        good | {"version": "2.0"},
        good | {"status": True},
        good | {"documents": {}},
        good | {"documents": [1]},
        good | {"documents": [{"docType": 1}]},
        good | {"documents": [{}] * 33},
        {1: 2},
        [],
    ):
        with refused("malformed"):
            DeviceResponse.parse(cbor_encode(bad))
    assert isinstance(CoseSign1.from_value(GOOD.issuer_auth.to_value()), CoseSign1)
