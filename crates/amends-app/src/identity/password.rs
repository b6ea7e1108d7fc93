//! Passwords: what is taken, and how they are kept. Argon2id with the parameters that OWASP names as the least (19 MiB,
//! two passes, one lane), off the async threads, and at most as many at once as there are cores.

use crate::error::AppError;
use crate::identity::secret::Secret;
use amends_model::FieldError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Fewest characters of a password.
pub const MIN_LENGTH: usize = 8;
/// Most characters of a password.
pub const MAX_LENGTH: usize = 128;

/// As many hashes are computed at once as there are cores; each takes 19 MiB.
static SLOTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)))
});
/// So many may be computed or wait for it; who comes then is asked to come again.
static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(64)));

/// Well-known passwords of eight characters and more, and the words that the most common ones begin with. One per line,
/// lower case; compared without what follows the last letter as well, so that `Summer2026!` is known, too.
const COMMON: &str = include_str!("common_passwords.txt");

/// Checks a new password: its length, and that it is not one that everybody tries first. No rules about what kinds of
/// characters it has. `about` holds what else everybody would try: the address and name of the person.
pub(crate) fn check(field: &str, password: &Secret, about: &[&str]) -> Result<(), FieldError> {
    let wrong = |detail: String| Err(FieldError { pointer: format!("/{field}"), detail });
    let length = password.expose().chars().count();
    if length < MIN_LENGTH {
        return wrong(format!("has {length} characters; at least {MIN_LENGTH} are needed"));
    }
    if length > MAX_LENGTH {
        return wrong(format!("has {length} characters; at most {MAX_LENGTH} are allowed"));
    }
    let lower = password.expose().to_lowercase();
    if is_common(&lower) {
        return wrong(
            "is one that everybody tries first; choose another, such as four unrelated words".into(),
        );
    }
    let names_them = about.iter().filter(|a| !a.is_empty()).any(|a| {
        let a = a.to_lowercase();
        lower == a || a.split_once('@').is_some_and(|(local, _)| lower == local)
    });
    if names_them {
        return wrong("is the address or name itself; choose another".into());
    }
    Ok(())
}

fn is_common(lower: &str) -> bool {
    let stem = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    // One that is written twice or more is as well known as once.
    let once = repeated(lower);
    once.chars().count() == 1
        || COMMON.lines().any(|known| known == once || known == lower || (!stem.is_empty() && known == stem))
}

/// The shortest part of which the whole is a repetition; often the whole.
fn repeated(whole: &str) -> &str {
    let ends = whole.char_indices().map(|(at, _)| at).skip(1);
    let part = ends.map(|end| &whole[..end]).find(|part| {
        whole.len().is_multiple_of(part.len()) && part.repeat(whole.len() / part.len()) == whole
    });
    part.unwrap_or(whole)
}

fn hasher() -> Result<Argon2<'static>, AppError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|e| AppError::Internal(format!("argon2 refuses its parameters: {e}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The PHC string to store for a password.
pub(crate) async fn hash(password: &Secret, salt: [u8; 16]) -> Result<String, AppError> {
    let password = password.clone();
    on_a_slot(move || {
        let hash: PasswordHash = hasher()?
            .hash_password_with_salt(password.expose().as_bytes(), &salt)
            .map_err(|e| AppError::Internal(format!("a password cannot be hashed: {e}")))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password belongs to the stored PHC string. Takes as long when there is none, so that nobody can measure
/// which accounts exist.
pub(crate) async fn verify(password: &Secret, stored: Option<String>) -> Result<bool, AppError> {
    // Longer ones cannot be right, and hashing them would cost more.
    let fits = password.expose().chars().count() <= MAX_LENGTH;
    let password = if fits { password.clone() } else { Secret::new("") };
    on_a_slot(move || {
        let stored = stored.as_deref().map(PasswordHash::new).transpose();
        let stored =
            stored.map_err(|e| AppError::Internal(format!("a stored password hash is broken: {e}")))?;
        Ok(match stored {
            Some(hash) => hasher()?.verify_password(password.expose().as_bytes(), &hash).is_ok() && fits,
            None => {
                let _: Result<PasswordHash, _> =
                    hasher()?.hash_password_with_salt(password.expose().as_bytes(), &[0; 16]);
                false
            }
        })
    })
    .await
}

async fn on_a_slot<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let Ok(place) = PLACES.clone().try_acquire_owned() else {
        return Err(AppError::TooMany { seconds: 2 });
    };
    let slot = SLOTS.clone().acquire_owned().await;
    let slot = slot.map_err(|_| AppError::Internal("password hashing has ended".into()))?;
    // Both go with the work: who stops waiting does not make room for another before it is done.
    let done = tokio::task::spawn_blocking(move || {
        let _held = (place, slot);
        work()
    });
    done.await.map_err(|e| AppError::Internal(format!("password hashing failed: {e}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> bool {
        check("password", &Secret::new(password), &["ada.lovelace@example.com", "Ada Lovelace"]).is_err()
    }

    #[test]
    fn only_length_and_the_known_are_refused() {
        for wrong in [
            "short12",
            "password",
            "Password1",
            "PASSWORD123!",
            "12345678",
            "aaaaaaaaaaaa",
            "Summer2026!",
            "passwordpassword",
            "qwertyuiop",
            "ada.lovelace@example.com",
            "Ada.Lovelace",
            "ada lovelace",
            &"x y".repeat(50),
        ] {
            assert!(refused(wrong), "{wrong}");
        }
        for right in [
            "correct horse battery staple",
            "        ~       ",
            "nur kleine buchstaben",
            "пароль-длинный",
            "7391028465",
            &"ab".repeat(64),
        ] {
            assert!(!refused(right), "{right}");
        }
    }

    #[test]
    fn the_list_is_as_it_is_looked_up() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() > 100);
        for line in &lines {
            assert!(*line == line.trim().to_lowercase() && !line.is_empty(), "{line:?}");
        }
        let mut unique = lines.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique, lines, "sorted, each once");
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other() {
        let password = Secret::new("correct horse battery staple");
        let stored = hash(&password, [7; 16]).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(&password, Some(stored.clone())).await.expect("verifies"));
        for wrong in ["", "correct horse battery stapl", "Correct horse battery staple"] {
            assert!(!verify(&Secret::new(wrong), Some(stored.clone())).await.expect("verifies"), "{wrong}");
        }
        assert!(!verify(&password, None).await.expect("verifies"));
        assert!(!verify(&Secret::new("x".repeat(100_000)), Some(stored)).await.expect("verifies"));
    }
}
