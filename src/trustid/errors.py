"""Everything that can go wrong, in one tree, each with a stable code.

    TrustidError                      .code, .message, .public
    ├─ MalformedError (ValueError)    cannot be read: bytes, text, JSON, point
    │   └─ LimitExceededError         larger, deeper or longer than a named limit
    ├─ UnsupportedError               well formed, not spoken here
    ├─ ConfigurationError             a setting that is missing or unsafe
    ├─ KeystoreError                  a key file that cannot be opened
    ├─ FetchError                     an outbound request that was refused or failed
    ├─ ResolutionError                a DID that cannot be turned into a document
    ├─ VerificationError              read, and refused
    │   ├─ SignatureError
    │   ├─ ProofError
    │   ├─ DisclosureError
    │   ├─ HolderBindingError
    │   ├─ ReplayError
    │   ├─ TrustError
    │   ├─ QueryError
    │   ├─ NotYetValidError
    │   ├─ ExpiredError
    │   ├─ RevokedError
    │   └─ StatusUnknownError         unknown refuses: fail closed
    ├─ AccumulatorStateError          a slot that is not in the state this needs
    ├─ ProtocolError                  a conversation that broke its rules
    ├─ StoreError                     state that cannot be read or written
    └─ InternalError                  our bug

A function that checks something raises; it never returns a truth value. The
code says which rule was broken and never changes its meaning; `message` tells
the developer what was expected and what was found (sizes and names, never a
key, a salt or a claim); `public` is the sentence that a stranger may see.

Every code stands in `CODES`, with its class, the HTTP status that fits it and
the public sentence. Raising a code that is not listed is an `InternalError`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CODES",
    "AccumulatorStateError",
    "Check",
    "CodeInfo",
    "ConfigurationError",
    "DisclosureError",
    "ExpiredError",
    "FetchError",
    "HolderBindingError",
    "InternalError",
    "KeystoreError",
    "LimitExceededError",
    "MalformedError",
    "NotYetValidError",
    "ProofError",
    "ProtocolError",
    "QueryError",
    "ReplayError",
    "ResolutionError",
    "RevokedError",
    "SignatureError",
    "StatusUnknownError",
    "StoreError",
    "TrustError",
    "TrustidError",
    "UnsupportedError",
    "VerificationError",
]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a verification, and how it ended.

    Attributes:
        name: What was checked; the names stand in `trustid.protocols.verifying`.
        ok: Whether it held.
        code: Key of `CODES` if it did not hold, otherwise "ok".
        sentence: The outcome in words for anybody, without claims or keys.
    """

    name: str
    ok: bool
    code: str
    sentence: str


class TrustidError(Exception):
    """Base of every error that this library raises on outside input.

    Args:
        code: A key of `CODES`.
        message: What was expected and what was found, for a developer. Sizes
            and names only: never a key, a salt or a claim. At most 200
            characters are kept, so that an error never carries a payload.
    """

    _MESSAGE_MAX = 200

    def __init__(self, code: str, message: str = "") -> None:
        info = CODES.get(code)
        if info is None or not isinstance(self, info.kind):
            raise InternalError("internal_error", f"{type(self).__name__} raised with code {code!r}")
        self.code = code
        self.checks: tuple[Check, ...] = ()  # set by a verification: the checks so far, this one last
        self.message = (message or info.public)[: self._MESSAGE_MAX]
        super().__init__(code, self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def public(self) -> str:
        """The sentence that anybody may see: what was wrong and what to do."""
        return CODES[self.code].public

    @property
    def http_status(self) -> int:
        """The HTTP status that fits this refusal."""
        return CODES[self.code].http_status


class MalformedError(TrustidError, ValueError):
    """Cannot be read."""


class LimitExceededError(MalformedError):
    """Larger, deeper or longer than a named limit."""


class UnsupportedError(TrustidError):
    """Well formed, but not spoken here."""


class ConfigurationError(TrustidError):
    """A setting is missing or unsafe; nothing was started."""


class KeystoreError(TrustidError):
    """A key file cannot be opened."""


class FetchError(TrustidError):
    """An outbound request was refused or failed."""


class ResolutionError(TrustidError):
    """A DID cannot be turned into a document."""


class VerificationError(TrustidError):
    """Read, and refused."""


class SignatureError(VerificationError):
    """A signature, or what surrounds it, does not hold."""


class ProofError(VerificationError):
    """A Data Integrity proof does not hold."""


class DisclosureError(VerificationError):
    """Selective disclosure was misused."""


class HolderBindingError(VerificationError):
    """The presenter did not prove to be the holder."""


class ReplayError(VerificationError):
    """Something made for one use was used again."""


class TrustError(VerificationError):
    """The issuer is not one that the verifier trusts for this."""


class QueryError(VerificationError):
    """The answer is not an answer to the question."""


class NotYetValidError(VerificationError):
    """Its time has not begun."""


class ExpiredError(VerificationError):
    """Its time is over."""


class RevokedError(VerificationError):
    """Its issuer took it back, or suspended it."""


class StatusUnknownError(VerificationError):
    """Whether it still holds could not be found out; that refuses."""


class AccumulatorStateError(TrustidError):
    """A slot of an accumulator is not in the state that this needs."""


class ProtocolError(TrustidError):
    """A conversation broke the rules of its protocol."""


class StoreError(TrustidError):
    """State cannot be read or written."""


class InternalError(TrustidError):
    """Our bug."""


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code means.

    Attributes:
        kind: The class that may carry the code (or a subclass of it).
        http_status: The status of the HTTP answer that reports it.
        public: A sentence for anybody: what was wrong and what to do.
    """

    kind: type[TrustidError]
    http_status: int
    public: str


CODES: dict[str, CodeInfo] = {
    # reading: bytes, text, JSON, keys
    "malformed": CodeInfo(
        MalformedError, 400, "The input cannot be read. Check that it was copied whole and unchanged."
    ),
    "duplicate_key": CodeInfo(
        MalformedError, 400, "A JSON object names one member twice. Send each member once."
    ),
    "claim_type_invalid": CodeInfo(
        MalformedError, 400, "A claim has the wrong type. Use the type that the specification names."
    ),
    "limit_exceeded": CodeInfo(
        LimitExceededError, 413, "The input is larger or deeper than allowed. Send less."
    ),
    "key_invalid": CodeInfo(
        MalformedError, 400, "The key is not a valid key of its kind. Check its type, curve and length."
    ),
    "point_encoding": CodeInfo(
        MalformedError, 400, "The bytes do not encode a curve point in canonical form."
    ),
    "point_not_on_curve": CodeInfo(MalformedError, 400, "The bytes name a point that is not on the curve."),
    "point_not_in_subgroup": CodeInfo(
        MalformedError, 400, "The bytes name a point outside the prime-order subgroup."
    ),
    "scalar_invalid": CodeInfo(
        MalformedError, 400, "A number is not encoded in 32 bytes, or not below the group order."
    ),
    "context_unknown": CodeInfo(
        UnsupportedError, 400, "The document names a context that is not known here."
    ),
    "context_not_allowed": CodeInfo(
        MalformedError, 400, "The document brings a context of its own that is not allowed here."
    ),
    "context_protected": CodeInfo(MalformedError, 400, "A context gives a protected term another meaning."),
    "context_undefined_term": CodeInfo(
        MalformedError,
        400,
        "Something in the document has no meaning in its contexts. Add the context that defines it.",
    ),
    "context_keyword_not_allowed": CodeInfo(
        MalformedError, 400, "The document uses a keyword that is not allowed in a secured document."
    ),
    "context_altered": CodeInfo(
        ConfigurationError, 500, "A context that came with this library was changed. Install it again."
    ),
    "canonicalization_limit": CodeInfo(
        LimitExceededError,
        413,
        "The document is built so that bringing it into canonical form costs too much.",
    ),
    "unsupported": CodeInfo(UnsupportedError, 400, "This is well formed but not supported here."),
    # JOSE
    "alg_not_allowed": CodeInfo(
        SignatureError, 400, "The signature algorithm is not one that is allowed here."
    ),
    "signature_invalid": CodeInfo(SignatureError, 400, "The signature does not fit the content and the key."),
    "header_not_allowed": CodeInfo(
        SignatureError, 400, "The header carries a member that is not allowed here."
    ),
    "crit_unsupported": CodeInfo(
        SignatureError, 400, "The header demands an extension that is not understood."
    ),
    "b64_unsupported": CodeInfo(SignatureError, 400, "Unencoded payloads are not supported."),
    "zip_unsupported": CodeInfo(SignatureError, 400, "Compressed tokens are not supported."),
    "typ_mismatch": CodeInfo(SignatureError, 400, "The token is of another type than the one needed here."),
    "key_not_found": CodeInfo(SignatureError, 400, "The key that the token names is not known."),
    "mdoc_digest": CodeInfo(
        SignatureError, 400, "A data element of the mdoc is not one that its issuer signed."
    ),
    "mdoc_doctype": CodeInfo(
        SignatureError, 400, "The mdoc is of another document type than the one stated or asked for."
    ),
    "mdoc_device_auth": CodeInfo(
        HolderBindingError, 400, "The mdoc was not presented by its device for this request."
    ),
    "mdoc_device_ns": CodeInfo(
        HolderBindingError, 400, "The device stated something that the issuer did not authorize it to state."
    ),
    "x5c_invalid": CodeInfo(TrustError, 400, "The certificate chain is not valid or not trusted."),
    "decrypt_failed": CodeInfo(
        SignatureError, 400, "The message cannot be decrypted with the key of this session."
    ),
    "enc_not_allowed": CodeInfo(
        SignatureError, 400, "The encryption algorithm is not one that is allowed here."
    ),
    # BLS
    "aggregate_invalid": CodeInfo(
        SignatureError, 400, "The aggregate signature does not fit the keys and messages."
    ),
    "pop_required": CodeInfo(SignatureError, 400, "Possession of this key was not proved."),
    "pop_invalid": CodeInfo(SignatureError, 400, "The proof of possession does not fit the key."),
    "messages_not_distinct": CodeInfo(SignatureError, 400, "The basic scheme needs distinct messages."),
    "duplicate_signer": CodeInfo(SignatureError, 400, "One signer was listed twice. List each signer once."),
    "quorum_missing": CodeInfo(SignatureError, 400, "Too few of the committee signed."),
    "committee_mismatch": CodeInfo(SignatureError, 400, "The certificate names another committee."),
    "suite_mismatch": CodeInfo(SignatureError, 400, "Values of different BLS suites were used together."),
    # trust
    "issuer_not_trusted": CodeInfo(
        TrustError, 400, "The issuer is not one that is trusted for this type of credential."
    ),
    "issuer_key_unknown": CodeInfo(TrustError, 400, "The signing key is not a key of the issuer."),
    "issuer_key_mismatch": CodeInfo(
        TrustError, 400, "The signing key belongs to another party than the issuer."
    ),
    "issuer_mismatch": CodeInfo(TrustError, 400, "The issuer named is not the one that signed."),
    "issuer_revoked": CodeInfo(TrustError, 400, "The issuer's identifier was deactivated."),
    # selective disclosure
    "disclosure_malformed": CodeInfo(DisclosureError, 400, "A disclosure cannot be read."),
    "disclosure_unreferenced": CodeInfo(
        DisclosureError, 400, "A disclosure was sent that the issuer did not sign."
    ),
    "disclosure_duplicate": CodeInfo(DisclosureError, 400, "A disclosure was sent twice."),
    "disclosure_name_forbidden": CodeInfo(DisclosureError, 400, "A disclosure has a reserved name."),
    "disclosure_name_collision": CodeInfo(DisclosureError, 400, "A disclosure would overwrite a claim."),
    "digest_duplicate": CodeInfo(DisclosureError, 400, "One digest appears twice in the credential."),
    "hash_not_allowed": CodeInfo(DisclosureError, 400, "The hash algorithm is not allowed."),
    "claim_not_disclosable": CodeInfo(
        DisclosureError, 400, "This claim may not be made selectively disclosable."
    ),
    "required_claim_missing": CodeInfo(DisclosureError, 400, "A claim that is always needed is missing."),
    "vct_integrity": CodeInfo(
        VerificationError, 400, "The type metadata is not the one that the issuer signed."
    ),
    # holder binding
    "kb_required": CodeInfo(HolderBindingError, 400, "The presentation lacks the holder's proof."),
    "kb_sd_hash": CodeInfo(
        HolderBindingError, 400, "The holder's proof was made for another set of disclosures."
    ),
    "kb_aud": CodeInfo(HolderBindingError, 400, "The holder's proof was made for another verifier."),
    "kb_nonce": CodeInfo(HolderBindingError, 400, "The holder's proof was made for another request."),
    "kb_iat": CodeInfo(HolderBindingError, 400, "The holder's proof is too old or from the future."),
    "kb_signature": CodeInfo(
        HolderBindingError, 400, "The holder's proof is not signed by the holder's key."
    ),
    "holder_mismatch": CodeInfo(
        HolderBindingError, 400, "The presenter is not the subject of the credential."
    ),
    # Data Integrity
    "proof_invalid": CodeInfo(ProofError, 400, "The proof does not hold."),
    "challenge_mismatch": CodeInfo(ProofError, 400, "The proof was made for another challenge."),
    "domain_mismatch": CodeInfo(ProofError, 400, "The proof was made for another domain."),
    # time
    "not_yet_valid": CodeInfo(NotYetValidError, 400, "The credential is not valid yet."),
    "expired": CodeInfo(ExpiredError, 400, "The credential has expired. Ask its issuer for a new one."),
    # status
    "revoked": CodeInfo(RevokedError, 400, "The issuer has revoked this credential."),
    "suspended": CodeInfo(RevokedError, 400, "The issuer has suspended this credential."),
    "status_application": CodeInfo(
        RevokedError, 400, "The issuer has marked this credential with a status of its own."
    ),
    "status_malformed": CodeInfo(StatusUnknownError, 400, "The status list cannot be read."),
    "status_unsupported": CodeInfo(
        StatusUnknownError, 400, "The credential uses a kind of status that is not supported here."
    ),
    "status_missing": CodeInfo(
        StatusUnknownError, 400, "The credential has no status, and only credentials with one are accepted."
    ),
    "status_range": CodeInfo(
        StatusUnknownError, 400, "The credential names a place outside its status list."
    ),
    "status_list_length": CodeInfo(
        StatusUnknownError, 400, "The status list is too short to hide anybody in it."
    ),
    "status_purpose_mismatch": CodeInfo(
        StatusUnknownError, 400, "The status list serves another purpose than the credential says."
    ),
    "status_size_mismatch": CodeInfo(
        StatusUnknownError, 400, "The entries of the status list have another size than the credential says."
    ),
    "status_untrusted": CodeInfo(
        StatusUnknownError, 400, "The status list was not signed by the credential's issuer."
    ),
    "status_mismatch": CodeInfo(
        StatusUnknownError, 400, "The status list is not the one that the credential names."
    ),
    "status_stale": CodeInfo(StatusUnknownError, 400, "The status list is too old."),
    "status_change_invalid": CodeInfo(
        StatusUnknownError, 400, "The change does not fit the status list at hand."
    ),
    "status_rollback": CodeInfo(StatusUnknownError, 400, "The status list is older than one seen before."),
    "status_unavailable": CodeInfo(
        StatusUnknownError,
        503,
        "What says whether a credential was taken back cannot be fetched now. Try again later.",
    ),
    "handle_invalid": CodeInfo(
        MalformedError, 400, "The handle, or what opens its commitment, is not one that a manager made."
    ),
    "point_identity": CodeInfo(
        MalformedError, 400, "The bytes name the point at infinity, which is not allowed here."
    ),
    "params_invalid": CodeInfo(
        MalformedError,
        400,
        "The parameters of the revocation registry are not what they must be. Do not use it.",
    ),
    "not_member": CodeInfo(AccumulatorStateError, 409, "The slot is not taken, or was revoked before."),
    "handle_duplicate": CodeInfo(AccumulatorStateError, 409, "The slot is taken. Take another one."),
    "handle_revoked_final": CodeInfo(
        AccumulatorStateError, 409, "The slot was revoked, which is final. Take another one."
    ),
    "acc_witness_invalid": CodeInfo(
        ProofError,
        400,
        "The row does not answer the handle: the credential was revoked, or the row is of another slot or epoch.",
    ),
    "acc_proof_invalid": CodeInfo(
        ProofError, 400, "The proof that the credential was not revoked does not hold."
    ),
    "registry_exists": CodeInfo(
        StoreError, 409, "There is a revocation registry here already. Choose another folder."
    ),
    "registry_missing": CodeInfo(
        StoreError, 404, "There is no revocation registry here. Make one: trustid revocation init."
    ),
    "registry_busy": CodeInfo(
        StoreError, 409, "The revocation registry is being published by another process. Wait for it."
    ),
    "registry_full": CodeInfo(
        AccumulatorStateError,
        409,
        "Every slot of the revocation registry was given out. Make another registry.",
    ),
    "acc_registry_unknown": CodeInfo(
        StatusUnknownError, 400, "The credential names a revocation registry that is not trusted here."
    ),
    "acc_value_untrusted": CodeInfo(
        StatusUnknownError, 400, "The revocation registry's statement is not signed by its manager."
    ),
    "acc_rollback": CodeInfo(
        StatusUnknownError, 400, "The revocation registry shows an older epoch than one seen before."
    ),
    "acc_equivocation": CodeInfo(
        StatusUnknownError, 400, "The revocation registry signed two statements for one epoch. Do not use it."
    ),
    "acc_epoch_stale": CodeInfo(
        StatusUnknownError,
        400,
        "The proof is of an epoch that is too old. Refresh the wallet, then try again.",
    ),
    "acc_epoch_future": CodeInfo(
        StatusUnknownError, 400, "The proof is of an epoch that the revocation registry has not published."
    ),
    "acc_update_invalid": CodeInfo(
        ProofError, 400, "What was fetched does not belong to the epoch that was signed. Nothing was changed."
    ),
    "acc_proof_missing": CodeInfo(
        StatusUnknownError,
        400,
        "The wallet sent no proof that the credential was not revoked. Use a wallet that can make it.",
    ),
    "acc_no_ticket": CodeInfo(
        ProtocolError, 503, "No slot for this credential is ready now. Try again later."
    ),
    "not_suspendable": CodeInfo(
        ProtocolError, 409, "This credential cannot be suspended. It can be revoked, which is final."
    ),
    "revocation_final": CodeInfo(ProtocolError, 409, "Revocation is final. Issue a new credential instead."),
    # fetching and DIDs
    "fetch_blocked": CodeInfo(FetchError, 400, "The address may not be fetched from here."),
    "port_not_allowed": CodeInfo(FetchError, 400, "The port may not be fetched from here."),
    "fetch_timeout": CodeInfo(FetchError, 504, "The other side took too long."),
    "fetch_failed": CodeInfo(
        FetchError, 502, "The other side could not be reached or gave no usable answer."
    ),
    "fetch_limited": CodeInfo(
        FetchError, 429, "Too much was to be fetched for one party. Try again in a minute."
    ),
    "tls_invalid": CodeInfo(FetchError, 502, "The other side's certificate is not valid."),
    "did_malformed": CodeInfo(ResolutionError, 400, "This is not a valid DID. Check its spelling."),
    "did_not_found": CodeInfo(ResolutionError, 404, "No document was found for this DID."),
    "did_unreachable": CodeInfo(ResolutionError, 502, "The DID's document could not be fetched."),
    "did_method_unsupported": CodeInfo(ResolutionError, 400, "This DID method is not supported here."),
    "did_document_mismatch": CodeInfo(ResolutionError, 400, "The document found belongs to another DID."),
    "did_document_invalid": CodeInfo(ResolutionError, 400, "The DID's document is not valid."),
    "did_log_invalid": CodeInfo(ResolutionError, 400, "The history of this DID does not hold."),
    "did_log_proof": CodeInfo(ResolutionError, 400, "A proof in the history of this DID does not hold."),
    "did_log_parameters": CodeInfo(
        ResolutionError, 400, "The history of this DID sets something that is not allowed."
    ),
    "did_url_malformed": CodeInfo(ResolutionError, 400, "This is not a valid DID URL. Check its spelling."),
    "did_options_invalid": CodeInfo(
        ResolutionError, 400, "These options do not go together or cannot be read."
    ),
    "did_representation_unsupported": CodeInfo(
        ResolutionError, 406, "This is not available in the media type that was asked for."
    ),
    # queries and sessions
    "query_malformed": CodeInfo(MalformedError, 400, "The DCQL query cannot be read."),
    "query_mismatch": CodeInfo(QueryError, 400, "The answer does not fit the question."),
    "presentation_reused": CodeInfo(ReplayError, 400, "One presentation was sent for two questions."),
    "session_unknown": CodeInfo(ProtocolError, 400, "This session does not exist or has ended. Start again."),
    "session_consumed": CodeInfo(ReplayError, 400, "This request was already answered. Start again."),
    "session_expired": CodeInfo(ProtocolError, 400, "Nobody answered in time. Ask again."),
    "wallet_declined": CodeInfo(QueryError, 400, "The wallet declined to answer."),
    "session_mismatch": CodeInfo(ProtocolError, 403, "This answer belongs to another session."),
    # issuing: OpenID4VCI 1.0 and OAuth 2.0 name these codes themselves
    "invalid_grant": CodeInfo(
        ProtocolError, 400, "The code is wrong, used, expired or blocked. Ask for a new offer."
    ),
    "unsupported_response_type": CodeInfo(
        ProtocolError, 400, "There is no authorization code here. Open the link of an offer instead."
    ),
    "unsupported_grant_type": CodeInfo(ProtocolError, 400, "This grant type is not offered here."),
    "invalid_token": CodeInfo(
        ProtocolError, 401, "The access token is missing, wrong or has ended. Ask for a new offer."
    ),
    "insufficient_scope": CodeInfo(ProtocolError, 403, "The access token is not for this credential."),
    "invalid_credential_request": CodeInfo(
        ProtocolError, 400, "The credential request lacks something or says something twice."
    ),
    "unknown_credential_configuration": CodeInfo(
        ProtocolError, 400, "This kind of credential is not offered here."
    ),
    "unknown_credential_identifier": CodeInfo(
        ProtocolError, 400, "This credential identifier is not known here."
    ),
    "invalid_proof": CodeInfo(
        ProtocolError, 400, "A proof of possession of the holder's key is missing or does not hold."
    ),
    "invalid_nonce": CodeInfo(ProtocolError, 400, "The nonce is wrong, used or too old. Fetch a fresh one."),
    "invalid_encryption_parameters": CodeInfo(
        ProtocolError, 400, "Encrypted credential answers are not offered here."
    ),
    "credential_request_denied": CodeInfo(
        ProtocolError, 400, "This credential will not be issued. Ask the institution."
    ),
    "issuer_not_ours": CodeInfo(ProtocolError, 403, "This server issues in its own name only."),
    "tx_code_needed": CodeInfo(
        ProtocolError, 400, "This offer needs the code that the institution sent by another way."
    ),
    "offer_unusable": CodeInfo(
        ProtocolError,
        400,
        "The offer cannot be accepted by this wallet. Ask the institution for another one.",
    ),
    "issuer_refused": CodeInfo(ProtocolError, 400, "The institution refused to issue. Ask it why."),
    "credential_unexpected": CodeInfo(
        ProtocolError, 400, "The institution sent another credential than it offered. Nothing was kept."
    ),
    "request_invalid": CodeInfo(
        ProtocolError, 400, "The question breaks the rules of its protocol. Nothing was shown."
    ),
    "verifier_unknown": CodeInfo(TrustError, 400, "Who asks cannot be established. Nothing was shown."),
    "verifier_changed": CodeInfo(
        TrustError, 400, "This verifier proves its name with another key than before. Nothing was shown."
    ),
    "verifier_refused": CodeInfo(ProtocolError, 400, "The verifier did not accept the answer. Ask it why."),
    "issuer_metadata_mismatch": CodeInfo(
        ProtocolError, 400, "The issuer's metadata belongs to another issuer. Do not trust the offer."
    ),
    "idempotency_conflict": CodeInfo(
        ReplayError, 409, "The idempotency key belongs to another request. Use a new key."
    ),
    "already_collected": CodeInfo(
        ProtocolError, 409, "The credential was already collected or withdrawn. Issue a new one."
    ),
    "roster_invalid": CodeInfo(
        ProtocolError, 422, "The roster has rows that cannot be issued. Correct them; nothing was issued."
    ),
    # configuration, keys at rest, storage
    "setting_missing": CodeInfo(ConfigurationError, 500, "A setting is missing."),
    "setting_unsafe": CodeInfo(ConfigurationError, 500, "A setting is unsafe."),
    "keystore_missing": CodeInfo(KeystoreError, 500, "The keystore file does not exist."),
    "keystore_unsafe": CodeInfo(
        KeystoreError, 500, "The keystore file can be read by others. Set its mode to 0600."
    ),
    "keystore_exists": CodeInfo(
        KeystoreError, 500, "There is a keystore or a key of this name already. Choose another name."
    ),
    "keystore_unavailable": CodeInfo(
        KeystoreError, 500, "The keystore file cannot be read or written. Check its folder and its owner."
    ),
    "key_missing": CodeInfo(KeystoreError, 500, "The keystore holds no key of this name and kind."),
    "key_unseal_failed": CodeInfo(KeystoreError, 500, "The keystore cannot be opened with this passphrase."),
    "store_unavailable": CodeInfo(StoreError, 503, "The store cannot be reached now. Try again later."),
    "file_exists": CodeInfo(StoreError, 409, "There is a file of this name already. Choose another name."),
    "store_rolled_back": CodeInfo(
        StoreError,
        409,
        "The store may be an older copy of itself. Bring back the newest one; do not go on from this.",
    ),
    "store_tampered": CodeInfo(StoreError, 500, "Stored state was changed by somebody else."),
    "store_unsafe": CodeInfo(
        StoreError, 500, "Others can write where the store lies. Restrict it, or give its digest."
    ),
    "store_version": CodeInfo(StoreError, 500, "The store was made by a newer version."),
    # the web side
    "unauthorized": CodeInfo(ProtocolError, 401, "This needs the admin token as a Bearer token."),
    "login_required": CodeInfo(ProtocolError, 403, "Log in first."),
    "login_failed": CodeInfo(
        ProtocolError, 403, "The password is wrong. Ask the person who runs this server."
    ),
    "login_closed": CodeInfo(ProtocolError, 403, "The staff pages are closed: no staff password is set."),
    "too_many_attempts": CodeInfo(ProtocolError, 429, "Too many attempts. Wait a few minutes and try again."),
    "csrf_failed": CodeInfo(
        ProtocolError, 403, "The form is too old or came from elsewhere. Load the page again."
    ),
    "media_type_unsupported": CodeInfo(ProtocolError, 415, "The content type is not the one expected here."),
    "invalid_request": CodeInfo(ProtocolError, 400, "The request lacks something or says something twice."),
    "not_found": CodeInfo(ProtocolError, 404, "There is nothing here under this name."),
    "internal_error": CodeInfo(InternalError, 500, "Something went wrong on our side."),
}
