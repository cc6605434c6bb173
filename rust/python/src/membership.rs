//! Commitments, witnesses and proofs of membership.

#![allow(
    clippy::unused_self,
    reason = "Python's special methods take self, also those that only refuse"
)]

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::membership::{
    Commitment as CoreCommitment, Context, MembershipProof as CoreProof, Opening as CoreOpening,
    Presentation as CorePresentation, Verifier, Witness as CoreWitness, PROOF_BYTES,
};
use trustid_core::Error;

use crate::accumulator::{hash_of, secret_stays, Accumulator, Member, Params};
use crate::errors::{to_python, IntoPython};
use crate::gil::detached;

/// Presentations that cost about as much as one pairing.
const PROOFS_PER_PAIRING: usize = 2;

/// Points that cost about as much to read as one pairing.
const POINTS_PER_PAIRING: usize = 16;

const COMMITMENT_BYTES: usize = 48;

/// A commitment to a handle, 48 bytes: what a credential carries.
#[pyclass(frozen, eq, module = "trustid.status.membership")]
#[derive(PartialEq)]
pub(crate) struct Commitment(CoreCommitment);

#[pymethods]
impl Commitment {
    /// Read a compressed point.
    ///
    /// Raises:
    ///     MalformedError: `point_encoding`, `point_not_on_curve`,
    ///         `point_not_in_subgroup`, `point_identity`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreCommitment::from_bytes(data).into_python()?))
    }

    /// Read many compressed points, one after the other.
    ///
    /// Raises:
    ///     MalformedError: As `from_bytes`; the message names the first place.
    ///     LimitExceededError: `limit_exceeded`, more than 65,536, or too many threads.
    #[staticmethod]
    #[pyo3(signature = (data, *, threads = 1))]
    fn read_all(python: Python<'_>, data: &[u8], threads: usize) -> PyResult<Vec<Self>> {
        let cost = data.len() / COMMITMENT_BYTES / POINTS_PER_PAIRING;
        let all = detached(python, cost, || CoreCommitment::read_all(data, threads));
        Ok(all.into_python()?.into_iter().map(Self).collect())
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.to_bytes())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.to_bytes())
    }
}

/// What opens a commitment: handle and blinding. Nothing shows, compares or pickles it.
///
/// The issuer makes one for each copy of a credential and gives it to the holder.
#[pyclass(frozen, module = "trustid.status.membership")]
pub(crate) struct Opening(CoreOpening);

#[pymethods]
impl Opening {
    /// Make a fresh commitment to a handle.
    ///
    /// Raises:
    ///     InternalError: The operating system gave no randomness.
    #[staticmethod]
    fn generate(member: &Member) -> PyResult<Self> {
        Ok(Self(CoreOpening::generate(&member.0).into_python()?))
    }

    /// Read 64 bytes: handle and blinding.
    ///
    /// Raises:
    ///     MalformedError: `handle_invalid`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreOpening::from_bytes(data).into_python()?))
    }

    /// The 64 bytes: for sealed storage and the encrypted way to the holder only.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, self.0.to_bytes().as_slice())
    }

    /// The commitment that goes into the credential.
    #[getter]
    const fn commitment(&self) -> Commitment {
        Commitment(self.0.commitment())
    }

    /// The handle.
    #[getter]
    fn member(&self) -> Member {
        Member(self.0.member())
    }

    fn __repr__(&self) -> &'static str {
        "<Opening redacted>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(secret_stays("pickled or copied"))
    }

    fn __eq__(&self, _other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(secret_stays("compared"))
    }

    fn __hash__(&self) -> PyResult<u64> {
        Err(secret_stays("hashed"))
    }
}

/// A row that was checked to answer a handle at one epoch.
///
/// Nothing shows, compares or pickles it: it holds the handle.
#[pyclass(frozen, module = "trustid.status.membership")]
pub(crate) struct Witness(CoreWitness);

#[pymethods]
impl Witness {
    /// Check that a row answers a handle.
    ///
    /// Args:
    ///     params: Of the registry.
    ///     accumulator: The value of the epoch that the row is of.
    ///     member: The handle.
    ///     row: 48 bytes.
    ///
    /// Raises:
    ///     ProofError: `acc_witness_invalid`: revoked, or a row of another slot,
    ///         epoch or registry.
    ///     MalformedError: `point_encoding`, `point_not_on_curve`,
    ///         `point_not_in_subgroup`, `point_identity`.
    ///
    /// Cost:
    ///     Two Miller loops and a multiplication, 1 ms.
    #[staticmethod]
    fn check(
        params: &Params,
        accumulator: &Accumulator,
        member: &Member,
        row: &[u8],
    ) -> PyResult<Self> {
        let witness = CoreWitness::check(&params.0, &accumulator.0, &member.0, row);
        Ok(Self(witness.into_python()?))
    }

    /// The number of the epoch that it is good for.
    #[getter]
    const fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// Prove that the handle in a commitment is a member.
    ///
    /// Args:
    ///     opening: Of the commitment in the credential that is shown.
    ///     verifier: The verifier's identifier, 1 to 2,048 bytes.
    ///     nonce: What the verifier drew for this presentation, 16 to 1,024 bytes.
    ///     credential_hash: SHA-256 of the credential as its issuer signed it.
    ///
    /// Raises:
    ///     MalformedError: `handle_invalid`, the opening is of another handle;
    ///         `malformed`, another length.
    ///
    /// Cost:
    ///     Six multiplications in constant time, 0.7 ms.
    #[pyo3(signature = (opening, *, verifier, nonce, credential_hash))]
    fn prove(
        &self,
        opening: &Opening,
        verifier: &[u8],
        nonce: &[u8],
        credential_hash: &[u8],
    ) -> PyResult<MembershipProof> {
        let context = context(verifier, nonce, credential_hash)?;
        let proof = self.0.prove(&opening.0, &context).into_python()?;
        Ok(MembershipProof(proof))
    }

    /// Prove with given randomness, 128 bytes: for test vectors only.
    #[pyo3(signature = (opening, *, verifier, nonce, credential_hash, randomness))]
    fn _prove_derand(
        &self,
        opening: &Opening,
        verifier: &[u8],
        nonce: &[u8],
        credential_hash: &[u8],
        randomness: &[u8],
    ) -> PyResult<MembershipProof> {
        let context = context(verifier, nonce, credential_hash)?;
        let proof = self.0.prove_derand(&opening.0, &context, randomness);
        Ok(MembershipProof(proof.into_python()?))
    }

    fn __repr__(&self) -> String {
        format!("<Witness of epoch {}, redacted>", self.0.epoch())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(secret_stays("pickled or copied"))
    }

    fn __eq__(&self, _other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(secret_stays("compared"))
    }

    fn __hash__(&self) -> PyResult<u64> {
        Err(secret_stays("hashed"))
    }
}

/// A proof that a committed handle is a member, 288 bytes.
#[pyclass(frozen, eq, module = "trustid.status.membership")]
#[derive(PartialEq)]
pub(crate) struct MembershipProof(CoreProof);

#[pymethods]
impl MembershipProof {
    /// Read a proof.
    ///
    /// Raises:
    ///     ProofError: `acc_proof_invalid`: another length, a response that is not
    ///         below the group order, or the point at infinity.
    ///     MalformedError: `point_encoding`, `point_not_on_curve`, `point_not_in_subgroup`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreProof::from_bytes(data).into_python()?))
    }

    /// Read many proofs, one after the other.
    ///
    /// Raises:
    ///     ProofError, MalformedError: As `from_bytes`; the message names the first place.
    ///     LimitExceededError: `limit_exceeded`, more than 65,536, or too many threads.
    #[staticmethod]
    #[pyo3(signature = (data, *, threads = 1))]
    fn read_all(python: Python<'_>, data: &[u8], threads: usize) -> PyResult<Vec<Self>> {
        let cost = 2 * (data.len() / PROOF_BYTES) / POINTS_PER_PAIRING;
        let all = detached(python, cost, || CoreProof::read_all(data, threads));
        Ok(all.into_python()?.into_iter().map(Self).collect())
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.to_bytes())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.to_bytes())
    }
}

/// A proof with what it is checked against: one entry of a batch.
#[pyclass(frozen, module = "trustid.status.membership")]
pub(crate) struct Presentation {
    proof: CoreProof,
    commitment: CoreCommitment,
    verifier: Box<[u8]>,
    nonce: Box<[u8]>,
    credential_hash: [u8; 32],
}

#[pymethods]
impl Presentation {
    #[new]
    #[pyo3(signature = (proof, commitment, *, verifier, nonce, credential_hash))]
    fn new(
        proof: &MembershipProof,
        commitment: &Commitment,
        verifier: &[u8],
        nonce: &[u8],
        credential_hash: &[u8],
    ) -> PyResult<Self> {
        context(verifier, nonce, credential_hash)?;
        Ok(Self {
            proof: proof.0.clone(),
            commitment: commitment.0,
            verifier: verifier.into(),
            nonce: nonce.into(),
            credential_hash: *digest(credential_hash)?,
        })
    }
}

impl Presentation {
    fn context(&self) -> Result<Context<'_>, Error> {
        Context::new(&self.verifier, &self.nonce, &self.credential_hash)
    }

    fn to_core(&self) -> Result<CorePresentation<'_>, Error> {
        Ok(CorePresentation {
            proof: self.proof.clone(),
            commitment: self.commitment,
            context: self.context()?,
        })
    }
}

/// Checks proofs of one epoch of one registry; made once, used many times.
///
/// Example:
///     >>> from trustid.status.accumulator import Manager
///     >>> manager = Manager.create(b"https://example.org/registry", 4096)
///     >>> opening = Opening.generate(manager.take(7))
///     >>> witness = Witness.check(manager.params, manager.accumulator, opening.member, manager.row(7))
///     >>> request = {"verifier": b"https://shop.example", "nonce": bytes(16), "credential_hash": bytes(32)}
///     >>> proof = witness.prove(opening, **request)
///     >>> verifier = MembershipVerifier(manager.params, manager.accumulator)
///     >>> verifier.verify(Presentation(proof, opening.commitment, **request))
#[pyclass(frozen, module = "trustid.status.membership")]
pub(crate) struct MembershipVerifier(Verifier);

#[pymethods]
impl MembershipVerifier {
    #[new]
    fn new(params: &Params, accumulator: &Accumulator) -> Self {
        Self(Verifier::new(&params.0, &accumulator.0))
    }

    /// The number of the epoch.
    #[getter]
    const fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// Check one proof.
    ///
    /// Raises:
    ///     ProofError: `acc_proof_invalid`.
    ///
    /// Cost:
    ///     0.9 ms.
    fn verify(&self, presentation: &Presentation) -> PyResult<()> {
        let context = presentation.context().into_python()?;
        self.0
            .verify(&presentation.proof, &presentation.commitment, &context)
            .into_python()
    }

    /// Check many proofs together, with fresh random coefficients of 128 bits.
    ///
    /// Args:
    ///     presentations: At most 65,536.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Raises:
    ///     ProofError: `acc_proof_invalid`, the message names the first place.
    ///     LimitExceededError: `limit_exceeded`.
    #[pyo3(signature = (presentations, *, threads = 1))]
    fn verify_batch(
        &self,
        python: Python<'_>,
        presentations: Vec<Bound<'_, Presentation>>,
        threads: usize,
    ) -> PyResult<()> {
        let parts = all(&presentations)?;
        detached(python, parts.len() / PROOFS_PER_PAIRING, || {
            self.0.verify_batch(&parts, threads)
        })
        .into_python()
    }

    /// Find the places whose proofs do not hold; an empty list if all do.
    ///
    /// Args:
    ///     presentations: At most 65,536.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Raises:
    ///     LimitExceededError: `limit_exceeded`.
    #[pyo3(signature = (presentations, *, threads = 1))]
    fn find_invalid(
        &self,
        python: Python<'_>,
        presentations: Vec<Bound<'_, Presentation>>,
        threads: usize,
    ) -> PyResult<Vec<usize>> {
        let parts = all(&presentations)?;
        detached(python, parts.len() / PROOFS_PER_PAIRING, || {
            self.0.find_invalid(&parts, threads)
        })
        .into_python()
    }
}

fn all<'a>(presentations: &'a [Bound<'_, Presentation>]) -> PyResult<Vec<CorePresentation<'a>>> {
    presentations
        .iter()
        .map(|one| one.get().to_core().into_python())
        .collect()
}

fn context<'a>(
    verifier: &'a [u8],
    nonce: &'a [u8],
    credential_hash: &'a [u8],
) -> PyResult<Context<'a>> {
    Context::new(verifier, nonce, digest(credential_hash)?).into_python()
}

fn digest(bytes: &[u8]) -> PyResult<&[u8; 32]> {
    bytes.try_into().map_err(|_| {
        to_python(&Error::ContextInvalid {
            found: "a credential hash of another length than 32 bytes",
        })
    })
}
