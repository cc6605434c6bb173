//! Which instructions do the work: asked once, when work first comes.

use std::env;
use std::sync::OnceLock;

use super::field::Field;
#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};

/// The environment variable that names a path instead of the quickest one.
pub const VARIABLE: &str = "TRUSTID_LANES";

/// A way to do field arithmetic in bulk. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// blst, one number at a time.
    Portable,
    /// Eight numbers at a time with AVX2 and FMA.
    Avx2,
    /// Eight numbers at a time with AVX-512 IFMA.
    Ifma,
}

/// [`VARIABLE`] names no path, or one that this processor has no instructions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathUnavailable;

impl Path {
    /// From the slowest to the quickest.
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Ifma];

    /// The name: `portable`, `avx2` or `ifma`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Ifma => "ifma",
        }
    }

    fn available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::available(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => ifma::available(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// The paths that this processor has, the quickest last.
#[must_use]
pub fn paths() -> Vec<Path> {
    let mut all = Path::ALL.to_vec();
    all.retain(|path| path.available());
    all
}

/// The path that is taken: the quickest, or the one that [`VARIABLE`] named when this was
/// first asked.
///
/// # Errors
/// [`PathUnavailable`]; the portable path is taken then.
pub fn path() -> Result<Path, PathUnavailable> {
    static CHOSEN: OnceLock<Result<Path, PathUnavailable>> = OnceLock::new();
    *CHOSEN.get_or_init(|| match env::var_os(VARIABLE) {
        None => Ok(paths().last().copied().unwrap_or(Path::Portable)),
        Some(name) => paths()
            .into_iter()
            .find(|path| *path.name() == *name)
            .ok_or(PathUnavailable),
    })
}

/// Work that is done in lanes where the processor has them.
pub(crate) trait Kernel {
    /// What comes of it, the same on every path.
    type Output;
    /// Does it in lanes. Mark it, and small functions that it calls, `#[inline(always)]`:
    /// they are compiled for the instructions where they are inlined.
    fn run<F: Field>(self) -> Self::Output;
    /// Does it with blst.
    fn portable(self) -> Self::Output;
}

/// Does the work on the path that is taken.
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    on_path(path().unwrap_or(Path::Portable), kernel)
}

/// Does the work on one path, which must be one of [`paths`].
pub(crate) fn on_path<K: Kernel>(path: Path, kernel: K) -> K::Output {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 if avx2::available() => {
            // SAFETY: the processor has the features that the function was compiled for.
            unsafe { avx2::run(kernel) }
        }
        #[cfg(target_arch = "x86_64")]
        Path::Ifma if ifma::available() => {
            // SAFETY: the processor has the features that the function was compiled for.
            unsafe { ifma::run(kernel) }
        }
        _ => kernel.portable(),
    }
}

/// The paths that tests try: all of them, or the one that [`VARIABLE`] names.
#[cfg(test)]
pub(crate) fn tried() -> Vec<Path> {
    match env::var_os(VARIABLE) {
        None => paths(),
        Some(_) => vec![path().expect("a path of this processor")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_one_that_the_processor_has() {
        let all = paths();
        assert_eq!(Some(&Path::Portable), all.first());
        match env::var_os(VARIABLE) {
            None => assert_eq!(Ok(*all.last().expect("portable")), path()),
            Some(name) => match path() {
                Ok(path) => assert_eq!(*name, *path.name()),
                Err(PathUnavailable) => assert!(all.iter().all(|path| *name != *path.name())),
            },
        }
    }
}
