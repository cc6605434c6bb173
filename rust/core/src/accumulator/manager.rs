//! The revocation manager: takes slots, revokes them, makes the rows.

use core::fmt;
use core::ops::Range;

use trustid_lanes::{Affine, G1Affine, G1Jacobian, Jacobian, Scalar};
use zeroize::Zeroizing;

use super::member::Member;
use super::params::Params;
use super::refresh::Refresh;
use super::rows::{block_range, rows, ROW_BYTES};
use super::secret::{Secret, MANAGER_SECRET_BYTES};
use super::slots::Slots;
use super::value::Accumulator;
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// The most rows that one call makes: 50 MB, and the scalars for them.
const MAX_ROWS: u64 = 1 << 20;

/// The manager of one registry: its secret, its value, and who is in.
///
/// `Debug` shows public things only; the secret is wiped when dropped.
pub struct Manager {
    secret: Secret,
    params: Params,
    accumulator: Accumulator,
    taken: Slots,
    revoked: Slots,
}

impl fmt::Debug for Manager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Manager(epoch {}, redacted)",
            self.accumulator.epoch()
        )
    }
}

impl Manager {
    /// Makes a new registry: draws the secret, starts at epoch 0 with nobody in.
    ///
    /// The first value is `u*P`. `u` comes from the manager's key, so that
    /// [`Manager::restore`] can hold stored state against the secret; whoever knows
    /// that key knows `alpha` as well and gains nothing by `u`.
    ///
    /// # Errors
    /// [`Error::ParamsInvalid`], [`Error::RandomnessUnavailable`].
    pub fn create(registry: &[u8], capacity: u64) -> Result<Self, Error> {
        Self::with_secret(Secret::generate()?, registry, capacity)
    }

    /// Makes a registry from a secret that was chosen: for test vectors only.
    ///
    /// # Errors
    /// [`Error::ManagerSecretInvalid`], [`Error::ParamsInvalid`].
    pub fn create_derand(secret: &[u8], registry: &[u8], capacity: u64) -> Result<Self, Error> {
        Self::with_secret(Secret::from_bytes(secret)?, registry, capacity)
    }

    fn with_secret(secret: Secret, registry: &[u8], capacity: u64) -> Result<Self, Error> {
        let params = Params::new(registry, capacity, secret.public_key()?)?;
        let mut manager = Self {
            accumulator: Accumulator::new(0, G1Affine::generator()),
            secret,
            params,
            taken: Slots::default(),
            revoked: Slots::default(),
        };
        let first = manager.secret.first_value();
        manager.accumulator = Accumulator::new(0, times(&G1Affine::generator(), &first)?);
        Ok(manager)
    }

    /// Takes up stored state again, and holds it against the secret.
    ///
    /// # Arguments
    /// * `secret` - what [`Manager::secret_bytes`] gave, from the keystore.
    /// * `params` - the parameters that were published.
    /// * `state` - what [`Manager::state_bytes`] gave.
    ///
    /// # Errors
    /// [`Error::ManagerSecretInvalid`]; [`Error::ManagerStateInvalid`] if secret,
    /// parameters, value and revoked slots do not belong together.
    ///
    /// # Cost
    /// Computes the value anew: one derived scalar and one multiplication for each
    /// slot that was ever revoked, some 0.2 microseconds.
    pub fn restore(secret: &[u8], params: &Params, state: &[u8]) -> Result<Self, Error> {
        let mut manager = Self::with_secret(
            Secret::from_bytes(secret)?,
            params.registry(),
            params.capacity(),
        )?;
        let (accumulator, taken, revoked) =
            read_state(state, params.capacity()).ok_or(Error::ManagerStateInvalid)?;
        let gone: Vec<u64> = revoked.all().collect();
        let value = manager.value_without(&gone, 1)?;
        let fits = manager.params == *params
            && value == accumulator.value
            && gone.iter().all(|slot| taken.has(*slot))
            && (accumulator.epoch() > 0 || gone.is_empty());
        if !fits {
            return Err(Error::ManagerStateInvalid);
        }
        (manager.accumulator, manager.taken, manager.revoked) = (accumulator, taken, revoked);
        Ok(manager)
    }

    /// The secret, 64 bytes in a buffer that wipes itself: for the keystore only.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<[u8; MANAGER_SECRET_BYTES]> {
        self.secret.to_bytes()
    }

    /// What changes: the accumulator, and one bit a slot for taken and for revoked.
    ///
    /// Not for the public: it tells which slots are revoked.
    #[must_use]
    pub fn state_bytes(&self) -> Vec<u8> {
        let mut bytes = self.accumulator.to_bytes().to_vec();
        bytes.extend_from_slice(&(self.taken.as_bytes().len() as u64).to_be_bytes());
        bytes.extend_from_slice(self.taken.as_bytes());
        bytes.extend_from_slice(self.revoked.as_bytes());
        bytes
    }

    /// The public parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The value of the present epoch.
    #[must_use]
    pub const fn accumulator(&self) -> &Accumulator {
        &self.accumulator
    }

    /// How many slots are taken and not revoked.
    #[must_use]
    pub fn members(&self) -> u64 {
        self.taken.count() - self.revoked.count()
    }

    /// Takes a free slot, for good, and returns its handle.
    ///
    /// Value and rows stay as they are: joining shows nowhere.
    ///
    /// # Errors
    /// [`Error::SlotRange`]; [`Error::HandleDuplicate`] for a slot that is taken;
    /// [`Error::HandleRevokedFinal`] for one that was revoked, since its old
    /// witnesses would be good again.
    pub fn take(&mut self, slot: u64) -> Result<Member, Error> {
        self.check_range(slot)?;
        if self.revoked.has(slot) {
            return Err(Error::HandleRevokedFinal);
        }
        if self.taken.has(slot) {
            return Err(Error::HandleDuplicate);
        }
        self.taken.insert(slot);
        Ok(Member::new(self.secret.handle(slot)))
    }

    /// The handle of a slot that is taken and not revoked.
    ///
    /// # Errors
    /// [`Error::NotMember`].
    pub fn member(&self, slot: u64) -> Result<Member, Error> {
        self.check_member(slot)?;
        Ok(Member::new(self.secret.handle(slot)))
    }

    /// Revokes slots, for good; the epoch after it begins.
    ///
    /// `V' = V / prod(y + alpha)`: one derived scalar and one multiplication each,
    /// one inversion and one multiplication in the group in all. No slots, nothing
    /// happens. If one cannot be revoked, none is.
    ///
    /// # Errors
    /// [`Error::At`] with the first place whose slot is [`Error::NotMember`]: never
    /// taken, revoked before, outside the capacity, or named twice.
    pub fn revoke(&mut self, slots: &[u64]) -> Result<Accumulator, Error> {
        self.revoke_with(slots, 1)
    }

    /// Revokes very many slots, which stand in one buffer: 4 bytes each, little-endian.
    ///
    /// # Errors
    /// As [`Manager::revoke_with`], and [`Error::SlotsEncoding`] for another length.
    ///
    /// # Cost
    /// Some 0.15 microseconds a slot, shared among the threads but for a tenth.
    pub fn revoke_encoded(&mut self, slots: &[u8], threads: usize) -> Result<Accumulator, Error> {
        let (numbers, rest) = slots.as_chunks();
        if !rest.is_empty() {
            return Err(Error::SlotsEncoding { found: slots.len() });
        }
        let slots: Vec<u64> = numbers
            .iter()
            .map(|number| u64::from(u32::from_le_bytes(*number)))
            .collect();
        self.revoke_with(&slots, threads)
    }

    /// As [`Manager::revoke`], in as many threads as are asked for.
    ///
    /// # Errors
    /// As [`Manager::revoke`], and [`Error::LimitExceeded`] for the threads.
    pub fn revoke_with(&mut self, slots: &[u64], threads: usize) -> Result<Accumulator, Error> {
        check_threads(threads)?;
        if slots.is_empty() {
            return Ok(self.accumulator);
        }
        let divisor = self.divide(slots, threads)?;
        let value = times(&self.accumulator.value, &divisor)?;
        // What changes, changes at the end.
        self.revoked
            .insert_all(slots, &self.taken)
            .map_err(|index| Error::NotMember.at(index))?;
        self.accumulator = Accumulator::new(self.accumulator.epoch() + 1, value);
        Ok(self.accumulator)
    }

    /// Begins an epoch without revoking anybody: the number moves on, the value stays.
    ///
    /// Holders and verifiers who expect an epoch a day see that the manager is alive.
    pub fn advance(&mut self) -> Accumulator {
        let epoch = self.accumulator.epoch() + 1;
        self.accumulator = Accumulator::new(epoch, self.accumulator.value);
        self.accumulator
    }

    /// All that is needed to write the rows of the present epoch, on its own: the
    /// manager can be used meanwhile.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        Refresh::new(
            self.secret.clone(),
            self.params.clone(),
            self.accumulator,
            self.revoked.clone(),
        )
    }

    /// The row of a slot that is taken and not revoked, by one multiplication: its witness.
    ///
    /// # Errors
    /// [`Error::NotMember`].
    pub fn row(&self, slot: u64) -> Result<[u8; ROW_BYTES], Error> {
        self.check_member(slot)?;
        let inverse = self.secret.divisor(slot).invert().ok_or(Error::NotMember)?;
        Ok(times(&self.accumulator.value, &inverse)?.compress())
    }

    /// The rows of a range of slots: free, taken and revoked ones alike.
    ///
    /// # Errors
    /// [`Error::SlotRange`]; [`Error::LimitExceeded`] for more than a million rows
    /// or for the threads.
    ///
    /// # Cost
    /// Some microseconds a row. The table is read at secret places: run it on a
    /// machine of its own.
    pub fn rows(&self, slots: Range<u64>, threads: usize) -> Result<Vec<u8>, Error> {
        check_threads(threads)?;
        if slots.start > slots.end || slots.end > self.params.capacity() {
            return Err(Error::SlotRange);
        }
        if slots.end - slots.start > MAX_ROWS {
            return Err(Error::LimitExceeded {
                what: "rows of one call",
                limit: 1 << 20,
                found: usize::try_from(slots.end - slots.start).unwrap_or(usize::MAX),
            });
        }
        let scalars = self.secret.row_scalars(slots, &self.revoked);
        Ok(rows(
            &self.accumulator,
            &scalars.ok_or(Error::NotMember)?,
            threads,
        ))
    }

    /// The rows of one block of 4,096 slots.
    ///
    /// # Errors
    /// [`Error::BlockInvalid`] if there is no such block; [`Error::LimitExceeded`].
    pub fn block(&self, block: u64, threads: usize) -> Result<Vec<u8>, Error> {
        self.rows(block_range(self.params.capacity(), block)?, threads)
    }

    /// `1 / prod(y + alpha)` over slots.
    fn divide(&self, slots: &[u64], threads: usize) -> Result<Scalar, Error> {
        by_ranges(slots.len(), threads, |range| {
            let mut product = Scalar::one();
            self.secret
                .derivation()
                .divisors(slots[range].iter().copied(), |divisor| {
                    product = product.multiply(&divisor);
                });
            product
        })
        .iter()
        .fold(Scalar::one(), |product, part| product.multiply(part))
        .invert()
        .ok_or(Error::NotMember)
    }

    /// The value after all of `gone` were revoked since epoch 0.
    fn value_without(&self, gone: &[u64], threads: usize) -> Result<G1Affine, Error> {
        let scalar = self
            .secret
            .first_value()
            .multiply(&self.divide(gone, threads)?);
        times(&G1Affine::generator(), &scalar)
    }

    const fn check_range(&self, slot: u64) -> Result<(), Error> {
        if slot < self.params.capacity() {
            Ok(())
        } else {
            Err(Error::SlotRange)
        }
    }

    fn check_member(&self, slot: u64) -> Result<(), Error> {
        if self.taken.has(slot) && !self.revoked.has(slot) {
            Ok(())
        } else {
            Err(Error::NotMember)
        }
    }
}

/// A product in constant time. The scalar is never zero: handles and `alpha` were
/// chosen so; the error is there so that nothing panics.
fn times(point: &G1Affine, scalar: &Scalar) -> Result<G1Affine, Error> {
    let secret = scalar.to_secret().ok_or(Error::ManagerStateInvalid)?;
    Ok(G1Jacobian::from_affine(point)
        .multiply_secret(&secret)
        .to_affine())
}

/// Accumulator, taken and revoked slots.
fn read_state(bytes: &[u8], capacity: u64) -> Option<(Accumulator, Slots, Slots)> {
    let (accumulator, rest) = bytes.split_first_chunk::<56>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (taken, revoked) = rest.split_at_checked(length)?;
    Some((
        Accumulator::from_bytes(accumulator).ok()?,
        Slots::from_bytes(taken, capacity)?,
        Slots::from_bytes(revoked, capacity)?,
    ))
}
