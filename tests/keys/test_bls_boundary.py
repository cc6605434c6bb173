"""The boundary between Python and Rust: wrong types, threads, forks, secrets, documentation."""

from __future__ import annotations

import copy
import doctest
import inspect
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from trustid import _core
from trustid.errors import CODES, TrustidError
from trustid.keys import bls
from trustid.keys.bls import SecretKey, Suite

ADA = SecretKey.derive(b"ada".ljust(32, b"."))
BOB = SecretKey.derive(b"bob".ljust(32, b"."))


class Recursive(list):  # type: ignore[type-arg]
    """A list that holds itself."""

    def __init__(self) -> None:
        super().__init__()
        self.append(self)


JUNK: list[Any] = [
    None,
    "",
    b"",
    b"\0",
    b"\xff" * (1 << 20),
    memoryview(bytes(range(96)))[::2],
    memoryview(b"\0" * 48),
    bytearray(b"\0" * 48),
    "nul \0 and surrogate \ud800",
    True,
    -1,
    2**4096,
    0.5,
    float("nan"),
    [],
    [b""],
    [None],
    {},
    {"a": 1},
    Recursive(),
    object(),
    SecretKey,
    Suite.MIN_SIG_BASIC,
    ADA,
    ADA.public_key(),
    ADA.sign(b"red"),
]


def exported() -> Iterator[tuple[str, Any]]:
    """Every function, and every method of a handle, that the extension exports."""
    handles = [ADA, ADA.public_key(), ADA.proven_key(), ADA.sign(b"red"), ADA.prove_possession()]
    for name, value in vars(_core).items():
        if name.startswith("_"):
            continue
        if inspect.isclass(value):
            for method in sorted(vars(value)):
                if name == "KeyStore" and method == "build":
                    continue  # it writes files: test_bls_store.py gives it junk in a folder of its own
                bound = getattr(value, method)
                if isinstance(inspect.getattr_static(value, method), staticmethod):
                    yield f"{name}.{method}", bound
        elif callable(value):
            yield name, value
    for handle in handles:
        for method in dir(handle):
            if not method.startswith("__") and callable(getattr(handle, method)):
                yield f"{type(handle).__name__}.{method}", getattr(handle, method)


FUNCTIONS = dict(exported())


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_B253_nothing_but_typed_errors_comes_out(name: str) -> None:
    function = FUNCTIONS[name]
    for first in JUNK:
        for arguments in ((), (first,), (first, first), (first, b"", b""), (ADA.sign(b""), first, first)):
            try:
                function(*arguments)
            except (TrustidError, TypeError, ValueError, OverflowError) as refusal:
                assert "panic" not in str(refusal).lower()
                if isinstance(refusal, TrustidError):
                    assert refusal.code in CODES
    ADA.public_key().verify(ADA.sign(b"red"), b"red")


def test_B253_only_bytes_are_bytes() -> None:
    """A buffer that another thread may change is never read: only immutable bytes are."""
    data = bytes(ADA.public_key())
    for other in (bytearray(data), memoryview(data), list(data), data.decode("latin-1")):
        with pytest.raises(TypeError):
            bls.PublicKey.from_bytes(other)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            ADA.sign(other)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            bls.verify_aggregate(ADA.sign(b""), [ADA.proven_key()], [other])  # type: ignore[list-item]
    assert bls.PublicKey.from_bytes(data) == ADA.public_key()


def test_handles_are_frozen() -> None:
    for handle in (ADA, ADA.public_key(), ADA.proven_key(), ADA.sign(b"red"), ADA.prove_possession()):
        with pytest.raises(AttributeError):
            handle.extra = 1  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            handle.suite = Suite.MIN_PK_BASIC  # type: ignore[misc]
        with pytest.raises(TypeError):
            type(handle)()


def aggregate_of(count: int) -> tuple[bls.Signature, list[bls.ProvenKey], list[bytes]]:
    secrets = [SecretKey.derive(bytes([index]) * 32) for index in range(count)]
    messages = [bytes([index]) for index in range(count)]
    total = bls.aggregate([key.sign(message) for key, message in zip(secrets, messages, strict=True)])
    return total, [key.proven_key() for key in secrets], messages


def test_B254_threads_verify_side_by_side() -> None:
    total, keys, messages = aggregate_of(12)
    signature, public = ADA.sign(b"red"), ADA.public_key()

    def work(_: int) -> int:
        for _ in range(40):
            public.verify(signature, b"red")
        bls.verify_aggregate(total, keys, messages)
        with pytest.raises(TrustidError):
            public.verify(signature, b"blue")
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(16))) == 16


def test_B254_the_interpreter_lock_is_released() -> None:
    """While a long check runs in one thread, another goes on."""
    total, keys, messages = aggregate_of(200)
    running, ticks = threading.Event(), []

    def check() -> None:
        running.set()
        bls.verify_aggregate(total, keys, messages)

    worker = threading.Thread(target=check)
    worker.start()
    running.wait()
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    worker.join()
    assert len(ticks) > 5


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_B254_fork_while_verifying() -> None:
    """A child forked in the middle of other threads' checks can check as well, and ends."""
    total, keys, messages = aggregate_of(64)
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            bls.verify_aggregate(total, keys, messages)

    workers = [threading.Thread(target=keep_busy) for _ in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a deadlock would end in SIGALRM, not in exit code 0
                try:
                    bls.verify_aggregate(total, keys, messages)
                    ADA.public_key().verify(ADA.sign(b"red"), b"red")
                    assert SecretKey.generate().to_bytes() != SecretKey.generate().to_bytes()
                except BaseException:  # noqa: BLE001 (the child must end here, whatever it met)
                    os._exit(1)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
    finally:
        stop.set()
        for worker in workers:
            worker.join()


def test_keys_made_after_a_fork_differ() -> None:
    """Randomness comes from the operating system at each call; no state is copied by a fork."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, SecretKey.generate().to_bytes())
        os._exit(0)
    mine = SecretKey.generate().to_bytes()
    os.waitpid(child, 0)
    theirs = os.read(read, 32)
    os.close(read)
    os.close(write)
    assert len(theirs) == 32
    assert mine != theirs


@pytest.mark.parametrize("suite", [Suite.MIN_PK_BASIC, Suite.MIN_SIG_POSSESSION])
def test_B255_secret_keys_show_nothing(suite: Suite) -> None:
    key = SecretKey.generate(suite)
    secret = key.to_bytes()
    forms = (secret.hex(), str(secret)[2:-1], str(int.from_bytes(secret, "big")))

    def leaf(secret_key: SecretKey) -> None:
        raise RuntimeError("with the key among the locals")

    texts = [repr(key), str(key), f"{key}", repr([key]), repr({"key": key})]
    try:
        leaf(key)
    except RuntimeError as error:
        frame = error.__traceback__
        while frame is not None:
            texts.append(
                repr({name: value for name, value in frame.tb_frame.f_locals.items() if value is key})
            )
            frame = frame.tb_next
    for text in texts:
        assert all(form not in text for form in forms)
    assert "redacted" in repr(key)
    for act in (
        lambda: pickle.dumps(key),
        lambda: copy.copy(key),
        lambda: copy.deepcopy(key),
        lambda: key == key,
        lambda: key != SecretKey.generate(suite),
        lambda: hash(key),
        lambda: bytes(key),  # type: ignore[call-overload]
        lambda: vars(key),
        lambda: key < key,  # type: ignore[operator]
    ):
        with pytest.raises(TypeError):
            act()
    assert SecretKey.from_bytes(secret, suite).public_key() == key.public_key()


def test_public_values_compare_and_hash() -> None:
    again = SecretKey.from_bytes(ADA.to_bytes())
    for mine, same, other in (
        (ADA.public_key(), again.public_key(), BOB.public_key()),
        (ADA.proven_key(), again.proven_key(), BOB.proven_key()),
        (ADA.sign(b"red"), again.sign(b"red"), BOB.sign(b"red")),
        (ADA.prove_possession(), again.prove_possession(), BOB.prove_possession()),
    ):
        assert mine == same
        assert hash(mine) == hash(same)
        assert mine != other
        assert mine != bytes(mine)
        assert bytes(mine).hex() in repr(mine)
    assert len({Suite.MIN_PK_BASIC, Suite.MIN_PK_BASIC, Suite.MIN_SIG_BASIC}) == 2


def documented() -> list[tuple[str, str]]:
    found = [("module", bls.__doc__ or "")]
    for name in bls.__all__:
        value = getattr(bls, name)
        found.append((name, value.__doc__ or ""))
        if inspect.isclass(value):
            for method in sorted(vars(value)):
                if not method.startswith("_") and not isinstance(getattr(value, method), value):
                    found.append((f"{name}.{method}", getattr(value, method).__doc__ or ""))
    return found


@pytest.mark.parametrize(("name", "text"), documented(), ids=lambda value: value[:30])
def test_documentation_is_there_and_its_examples_run(name: str, text: str) -> None:
    assert text.strip().split("\n")[0].endswith("."), name
    test = doctest.DocTestParser().get_doctest(text, dict(vars(bls)), name, None, None)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_every_class_of_the_extension_is_public() -> None:
    classes = {
        name for name, value in vars(_core).items() if getattr(value, "__module__", "") == bls.__name__
    }
    assert classes == {name for name in bls.__all__ if inspect.isclass(getattr(bls, name))}
    assert all(getattr(bls, name) is getattr(_core, name) for name in bls.__all__)


@pytest.mark.slow
def test_the_stub_tells_the_truth() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "trustid._core"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
