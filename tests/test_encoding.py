"""Encodings: official vectors, refusals beside their valid twins, laws."""

from __future__ import annotations

import ast
import csv
import io
import json
import math
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies import cbor_values, json_values
from trustid import encoding
from trustid.errors import LimitExceededError, MalformedError, TrustidError, UnsupportedError
from vectors_at import VECTORS, ran, vector_json, vector_text


def refused(code, function, *arguments, **options):
    with pytest.raises(TrustidError) as caught:
        function(*arguments, **options)
    assert caught.value.code == code
    assert len(str(caught.value)) <= 240
    return caught.value


# --- base64url and base64 ---


@given(st.binary(max_size=200))
def test_base64_laws(data):
    assert encoding.b64url_decode(encoding.b64url_encode(data)) == data
    assert encoding.b64url_decode(encoding.b64url_encode(data).encode()) == data
    assert encoding.b64_decode(encoding.b64_encode(data)) == data
    for base in "zumMfb":
        assert encoding.multibase_decode(encoding.multibase_encode(data, base)) == data


@given(st.text(max_size=40) | st.text("ABCDwxyz0129-_=+/\n 1", max_size=12))
@example("QQ==")
@example("QR")
def test_every_accepted_text_is_the_one_canonical_text(text):
    for decode, encode in (
        (encoding.b64url_decode, encoding.b64url_encode),
        (encoding.b64_decode, encoding.b64_encode),
        (encoding.base58_decode, encoding.base58_encode),
    ):
        try:
            data = decode(text)
        except TrustidError as error:
            assert error.code in {"malformed", "limit_exceeded"}
        else:
            assert encode(data) == text
    try:
        data = encoding.multibase_decode(text)
    except TrustidError:
        return
    assert encoding.multibase_encode(data, text[0]) == text


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("QQ", "QQ=="),
        ("QQ", "QR"),
        ("QUI", "QUJ"),
        ("QUI", "QUI="),
        ("-_-_", "+/+/"),
        ("QUJD", "QUJD\n"),
        ("QUJD", "QU JD"),
        ("QUJD", "QUJDR"),
        ("QUJD", "QÜJD"),
        ("QUJD", "QU*D"),
        ("", "="),
    ],
)
def test_base64url_has_one_spelling(good, bad):
    encoding.b64url_decode(good)
    refused("malformed", encoding.b64url_decode, bad)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("QQ==", "QQ"),
        ("QQ==", "QR=="),
        ("QUI=", "QUJ="),
        ("+/+/", "-_-_"),
        ("QUJD", "QUJD\n"),
        ("QUJD", "QUJD===="),
    ],
)
def test_base64_has_one_spelling(good, bad):
    encoding.b64_decode(good)
    refused("malformed", encoding.b64_decode, bad)


# --- multibase ---


def multibase_cases():
    for name in ("basic.csv", "two_leading_zeros.csv"):
        rows = list(csv.reader(io.StringIO(vector_text(f"multibase/{name}")), skipinitialspace=True))
        plain = ast.literal_eval(f'b"{rows[0][1]}"')
        for base, text in rows[1:]:
            yield pytest.param(base, text, plain, id=f"{name}-{base}")


SPOKEN_BASES = {"base16", "base32", "base58btc", "base64", "base64pad", "base64url"}


@pytest.mark.parametrize(("base", "text", "plain"), list(multibase_cases()))
def test_multibase_vectors(base, text, plain):
    if base in SPOKEN_BASES:
        assert encoding.multibase_decode(text) == plain
        assert encoding.multibase_encode(plain, text[0]) == text
    else:
        # Bases that no DID and no credential uses are refused by name.
        assert refused("unsupported", encoding.multibase_decode, text).__class__ is UnsupportedError
        refused("unsupported", encoding.multibase_encode, plain, text[0])


def test_multibase_refusals():
    assert encoding.multibase_decode("f00ff") == b"\x00\xff"
    for bad in ("", "f00f", "f00FF", "z0", "zO", "uQR", "baaahszltebwwc3tjeaq", "bAA", "b1", "m=", "mQR"):
        refused("malformed", encoding.multibase_decode, bad)


def test_base58_is_limited():
    longest = "2" * encoding.MAX_BASE58
    assert encoding.base58_encode(encoding.base58_decode(longest)) == longest
    refused("limit_exceeded", encoding.base58_decode, longest + "2")
    refused("limit_exceeded", encoding.base58_encode, b"\xff" * 1024)
    refused("limit_exceeded", encoding.base58_encode, b"\xff" * 768)


# --- JSON ---


@given(json_values)
def test_json_laws(value):
    text = encoding.dump_json(value)
    assert encoding.parse_json(text) == value
    assert encoding.parse_json(text.decode()) == value
    assert encoding.dump_json(encoding.parse_json(text)) == text


@given(st.binary(max_size=60) | st.text(max_size=60) | st.text('[]{}":,\\u0d8e1 tfn.', max_size=30))
def test_json_of_any_bytes_raises_only_our_errors(data):
    try:
        encoding.parse_json(data)
    except TrustidError as error:
        assert error.code in {"malformed", "duplicate_key", "limit_exceeded"}


def test_B030_duplicate_members():
    good = b'{"alg":"ES256","iss":{"vct":1},"list":[{"a":1},{"a":2}]}'
    assert encoding.parse_json(good)["list"][1]["a"] == 2
    for bad in (
        b'{"alg":"ES256","alg":"none"}',
        b'{"iss":{"vct":1,"vct":2}}',
        b'[[{"a":1,"b":2,"a":1}]]',
        b'{"a":1,"\\u0061":1}',
    ):
        assert refused("duplicate_key", encoding.parse_json, bad).__class__ is MalformedError


@pytest.mark.parametrize("bad", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1e309"])
def test_B031_numbers_beyond_json(bad):
    assert encoding.parse_json(b'{"exp":1e308}') == {"exp": 1e308}
    refused("malformed", encoding.parse_json, b'{"exp":' + bad + b"}")


def test_B031_integer_of_a_million_digits():
    assert encoding.parse_json(b"1" * 308) == int("1" * 308)
    refused("malformed", encoding.parse_json, b"1" * 1_000_000)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (rb'"\ud83d\ude00"', rb'"\ud800"'),
        (rb'"\ud83d\ude00"', rb'"\ude00\ud83d"'),
        (rb'{"\ud83d\ude00":1}', rb'{"\udbff":1}'),
        (rb'"\uD83D\uDE00"', rb'"\uDC00"'),
        (b'"/"', b'"\xc0\xaf"'),
        (b'"\xed\x9f\xbf"', b'"\xed\xa0\x80"'),
        (b'{"a":1}', b'\xef\xbb\xbf{"a":1}'),
        (rb'{"a\u0001":1}', rb'{"a\u0000":1}'),
        (rb'{"a":"\u0000"}', b'{"a":"\0"}'),
        (rb'[{"a":[{"b":"\u0000"}]}]', rb'[{"a":[{"\u0000b":1}]}]'),
        (b"[1]", b"[1]x"),
        (b"[1]", b"[1,]"),
        (b"[1]", b"[01]"),
        (b"[1]", b""),
        (b"[1]", "[1]".encode("utf-16")),
    ],
)
def test_B032_text_that_is_not_text(good, bad):
    encoding.parse_json(good)
    refused("malformed", encoding.parse_json, bad)


def test_B032_lone_surrogate_in_a_string_argument():
    assert encoding.parse_json('"\U0001f600"') == "\U0001f600"
    refused("malformed", encoding.parse_json, '"\ud800"')
    refused("malformed", encoding.parse_json, '\ufeff{"a":1}')


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_B034_json_nesting(opening):
    closing = b"]" if opening == b"[" else b"}"
    good = opening * 63 + b"[]" + closing * 63
    encoding.parse_json(good)
    refused("limit_exceeded", encoding.parse_json, opening + good + closing)
    started = time.process_time()
    refused("limit_exceeded", encoding.parse_json, opening * 100_000)
    assert time.process_time() - started < 2
    # Brackets inside strings are no nesting.
    encoding.parse_json(b'["' + b"[{" * 1000 + b'\\"[[' + b'"]')


def test_B034_depth_scan_is_linear_in_hostile_strings():
    started = time.process_time()
    for hostile in (b'["' + b'\\"' * 400_000, b"[" * 65 + b'"' + b"\\" * 400_000, b'["' + b'"[' * 300_000):
        with pytest.raises(TrustidError):
            encoding.parse_json(hostile)
    assert time.process_time() - started < 2


def test_json_size_limit():
    good = b'"' + b"a" * 98 + b'"'
    assert len(encoding.parse_json(good, max_bytes=100)) == 98
    refused("limit_exceeded", encoding.parse_json, good + b" ", max_bytes=100)
    assert LimitExceededError.__mro__[1] is MalformedError


def test_json_objects():
    assert encoding.parse_json_object(b"{}") == {}
    for bad in (b"[]", b"1", b'"{}"', b"null"):
        refused("malformed", encoding.parse_json_object, bad)


def test_dump_json_refuses_what_json_cannot_hold():
    assert encoding.dump_json({"a": ["ü", 1.5, None]}) == '{"a":["ü",1.5,null]}'.encode()
    for bad in (math.nan, math.inf, "\ud800"):
        refused("malformed", encoding.dump_json, [bad])
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    refused("limit_exceeded", encoding.dump_json, deep)


# --- JCS ---


@pytest.mark.parametrize("name", sorted(path.stem for path in (VECTORS / "jcs/input").iterdir()))
def test_B039_jcs_documents(name):
    value = encoding.parse_json((VECTORS / f"jcs/input/{name}.json").read_bytes())
    expected = (VECTORS / f"jcs/output/{name}.json").read_bytes()
    assert expected == encoding.canonicalize(value)
    assert bytes.fromhex(vector_text(f"jcs/outhex/{name}.txt")) == expected
    assert encoding.canonicalize(encoding.parse_json(expected)) == expected


def test_B039_jcs_numbers():
    cases = vector_text("jcs/es6-numbers-1000.txt").splitlines()
    assert len(cases) == 1000
    ran(len(cases))
    for case in cases:
        bits, expected = case.split(",")
        number = struct.unpack(">d", bytes.fromhex(bits.zfill(16)))[0]
        assert expected == encoding.canonicalize(number).decode(), bits


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        # RFC 8785, appendix B.
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_B039_jcs_number_samples(number, expected):
    assert expected == encoding.canonicalize(struct.unpack(">d", bytes.fromhex(number))[0]).decode()


def test_B039_jcs_order_and_refusals():
    # U+1F600 is D83D DE00 in UTF-16, so it stands before U+FB33 and U+FFFD.
    value = {"\ufb33": 1, "\U0001f600": 2, "\ufffd": 3, "a": 4, "\u20ac": 5}
    assert list(encoding.parse_json(encoding.canonicalize(value))) == [
        "a",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
        "\ufffd",
    ]
    assert encoding.canonicalize([-0.0, 1e21, 10.0, True, None]) == b"[0,1e+21,10,true,null]"
    assert encoding.canonicalize(2**53 - 1) == b"9007199254740991"
    for bad in (
        2**53,
        -(2**53),
        math.nan,
        math.inf,
        "\ud800",
        {"\ud800": 1},
        {"é\udfff": 1},
        {1: 2},
        b"x",
        {1, 2},
    ):
        refused("malformed", encoding.canonicalize, bad)
        refused("malformed", encoding.canonicalize, {"a": [bad]})


def test_B039_a_double_that_is_written_as_an_unsafe_integer_is_refused_when_it_comes_back():
    text = encoding.canonicalize(float(2**53))
    assert text == b"9007199254740992"
    refused("malformed", encoding.canonicalize, encoding.parse_json(text))
    assert encoding.canonicalize(encoding.parse_json(encoding.canonicalize(1e21))) == b"1e+21"


def test_B039_jcs_depth():
    deep: list = []
    for _ in range(63):
        deep = [deep]
    assert encoding.canonicalize(deep) == b"[" * 64 + b"]" * 64
    refused("limit_exceeded", encoding.canonicalize, [deep])


@given(json_values)
def test_jcs_laws(value):
    text = encoding.canonicalize(value)
    again = encoding.parse_json(text)
    assert encoding.canonicalize(again) == text
    assert json.loads(text) == again


# --- CBOR ---

APPENDIX_A = vector_json("cbor/appendix_a.json")
# Values that JSON cannot say, so the file has them in diagnostic notation.
DIAGNOSTIC = {
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    '0("2013-03-21T20:04:00Z")': encoding.CborTag(0, "2013-03-21T20:04:00Z"),
    "1(1363896240)": encoding.CborTag(1, 1363896240),
    "1(1363896240.5)": encoding.CborTag(1, 1363896240.5),
    "23(h'01020304')": encoding.CborTag(23, bytes.fromhex("01020304")),
    "24(h'6449455446')": encoding.CborTag(24, bytes.fromhex("6449455446")),
    '32("http://www.example.com")': encoding.CborTag(32, "http://www.example.com"),
    "h''": b"",
    "h'01020304'": bytes.fromhex("01020304"),
    "{1: 2, 3: 4}": {1: 2, 3: 4},
}
REFUSED = {
    "undefined": "unsupported",
    "simple(16)": "unsupported",
    "simple(255)": "unsupported",
    "simple(24)": "malformed",  # well formed for RFC 7049; RFC 8949, section 3.3 forbids it
    "(_ h'0102', h'030405')": "malformed",
}
INDEFINITE = {
    case["hex"] for case in APPENDIX_A if not case["roundtrip"] and case["hex"][:2] not in ("fa", "fb")
}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["hex"][:24]) for case in APPENDIX_A])
def test_cbor_appendix_a(case):
    data = bytes.fromhex(case["hex"])
    diagnostic = case.get("diagnostic")
    if case["hex"] in INDEFINITE or diagnostic in REFUSED:
        refused(REFUSED.get(diagnostic, "malformed"), encoding.cbor_decode, data)
        return
    value = encoding.cbor_decode(data)
    if diagnostic == "NaN":
        assert math.isnan(value)
    else:
        assert (DIAGNOSTIC[diagnostic] if diagnostic else case["decoded"]) == value
    if case["roundtrip"]:
        assert encoding.cbor_encode(value) == data


def test_cbor_appendix_a_refusals_are_the_indefinite_lengths():
    assert len(APPENDIX_A) == 82
    assert len(INDEFINITE) == 11
    assert all("ff" in text for text in INDEFINITE)


@given(cbor_values)
def test_cbor_laws(value):
    data = encoding.cbor_encode(value)
    assert encoding.cbor_decode(data) == value
    assert encoding.cbor_encode(encoding.cbor_decode(data)) == data


@given(st.binary(max_size=40))
def test_cbor_of_any_bytes(data):
    try:
        value = encoding.cbor_decode(data)
    except TrustidError as error:
        assert error.code in {"malformed", "limit_exceeded", "unsupported"}
        return
    again = encoding.cbor_decode(encoding.cbor_encode(value))
    assert encoding.cbor_encode(again) == encoding.cbor_encode(value)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("a201020304", "a201020103"),  # a key twice
        ("a161610a", "bf61610aff"),  # indefinite map
        ("43616263", "5f43616263ff"),  # indefinite bytes
        ("820102", "9b000000010000000001020304"),  # 2^32 announced, 4 there
        ("4161", "5b0000000100000000616263646566"),
        ("a10102", "bb0000000100000000010203"),
        ("c101", "d81c01"),  # shareable
        ("c101", "d81d00"),  # reference to it
        ("c101", "d81901"),  # string reference
        ("c101", "d9010001"),  # its namespace
        ("17", "1817"),  # not the shortest
        ("18ff", "1900ff"),
        ("19ffff", "1a0000ffff"),
        ("1affffffff", "1b00000000ffffffff"),
        ("6161", "61ff"),  # not UTF-8
        ("01", "0102"),  # bytes behind
        ("01", ""),
        ("01", "1c"),  # reserved
        ("01", "ff"),  # break alone
        ("a10101", "a1810101"),  # an array as key
        ("a10101", "a1f501"),  # a truth value as key, equal to 1 for Python
        ("a10101", "a1f93c0001"),  # 1.0 as key
        ("c249010000000000000000", "c24101"),  # big integer that is none
        ("c249010000000000000000", "c24a00010000000000000000"),
        ("c249010000000000000000", "c26161"),
        ("f93c00", "f93c"),
        ("f4", "f814"),  # false in two bytes
    ],
)
def test_B035_cbor_that_lies(good, bad):
    encoding.cbor_decode(bytes.fromhex(good))
    refused("malformed", encoding.cbor_decode, bytes.fromhex(bad))


@pytest.mark.parametrize("opening", ["81", "c1", "a100", "d9ffff"])
def test_B034_cbor_nesting(opening):
    unit = bytes.fromhex(opening)
    encoding.cbor_decode(unit * encoding.MAX_CBOR_DEPTH + b"\x00")
    refused("limit_exceeded", encoding.cbor_decode, unit * (encoding.MAX_CBOR_DEPTH + 1) + b"\x00")
    refused("limit_exceeded", encoding.cbor_decode, unit * 100_000 + b"\x00")


def test_cbor_size_limit():
    assert encoding.cbor_decode(b"\x43abc", max_bytes=4) == b"abc"
    refused("limit_exceeded", encoding.cbor_decode, b"\x43abc", max_bytes=3)


def test_cbor_encode_refuses_foreign_values():
    assert encoding.cbor_encode({"b": 1, "a": 2}) == bytes.fromhex("a2616102616201")
    refused("malformed", encoding.cbor_encode, object())
    assert encoding.cbor_decode(encoding.cbor_encode(encoding.CborTag(18, [b"", {}]))) == encoding.CborTag(
        18, [b"", {}]
    )


def test_B034_a_fresh_process_survives_hostile_nesting():
    """The nesting bombs, in a process of limited memory that must still answer afterwards."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (400 << 20,) * 2)\n"
        "from trustid import encoding\n"
        "from trustid.errors import LimitExceededError\n"
        "for read, bomb in ((encoding.parse_json, b'[' * 100000), (encoding.parse_json, b'{\"a\":' * 100000),\n"
        "                   (encoding.cbor_decode, b'\\x81' * 100000), (encoding.cbor_decode, b'\\xc1' * 100000)):\n"
        "    try: read(bomb)\n"
        "    except LimitExceededError: continue\n"
        "    raise SystemExit(1)\n"
        "print('alive')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_B036_error_text_holds_no_payload():
    secret = "Ada Lovelace"
    for read, bad in (
        (encoding.parse_json, '{"name":"' + secret * 100_000 + '"'),
        (encoding.parse_json, '{"name":"' + secret + '"'),
        (encoding.b64url_decode, secret * 1000),
        (encoding.multibase_decode, "z" + secret),
        (encoding.canonicalize, {secret: 2**60}),
        (encoding.parse_json, '{"' + secret + '":1,"' + secret + '":2}'),
    ):
        with pytest.raises(TrustidError) as caught:
            read(bad)
        assert len(caught.value.message) <= 200
        assert "Ada" not in str(caught.value) + repr(caught.value)
