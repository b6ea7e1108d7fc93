//! Sealing a message so that the push service in between cannot read it (RFC 8291, in the coding of RFC 8188). Pure: the
//! key that is used once and the salt are given.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey, ecdh};
use sha2::Sha256;

/// A push service takes no larger body.
const RECORD: usize = 4_096;
/// Salt, size of a record, length of the key, the key.
const HEADER: usize = 16 + 4 + 1 + 65;
/// What fits into a message: a record without its header, its tag, and the byte that ends it.
pub(super) const MOST: usize = RECORD - HEADER - 16 - 1;

/// What a browser gave: whom to seal for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receiver {
    pub(super) key: PublicKey,
    pub(super) secret: [u8; 16],
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// A public key as it goes over the wire: 65 bytes.
pub(super) fn point(key: &PublicKey) -> Vec<u8> {
    key.to_sec1_point(false).as_bytes().to_vec()
}

/// Seals a text of at most [`MOST`] bytes. None of a longer one.
pub(super) fn seal(to: &Receiver, own: &SecretKey, salt: [u8; 16], text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MOST {
        return None;
    }
    let own_point = point(&own.public_key());
    let shared = ecdh::diffie_hellman(own.to_nonzero_scalar(), to.key.as_affine());
    let first = mac(&to.secret, &[&shared.raw_secret_bytes()[..]]);
    let material = mac(&first, &[b"WebPush: info\0", &point(&to.key), &own_point, &[1]]);
    let second = mac(&salt, &[&material]);
    let key = mac(&second, &[b"Content-Encoding: aes128gcm\0", &[1]]);
    let nonce = mac(&second, &[b"Content-Encoding: nonce\0", &[1]]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).ok()?;
    let mut record = text.to_vec();
    // The last record, without padding.
    record.push(2);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
    let mut out = Vec::with_capacity(HEADER + record.len());
    out.extend_from_slice(&salt);
    out.extend_from_slice(&(RECORD as u32).to_be_bytes());
    out.push(own_point.len() as u8);
    out.extend_from_slice(&own_point);
    out.extend_from_slice(&record);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// The example of RFC 8291, section 5 and appendix A.
    #[test]
    fn the_example_of_the_standard_is_sealed_as_it_says() {
        let to = Receiver {
            key: PublicKey::from_sec1_bytes(&bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ))
            .unwrap(),
            secret: bytes("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap(),
        };
        let own = SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let sealed = seal(&to, &own, salt, b"When I grow up, I want to be a watermelon").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_\
             yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(seal(&to, &own, [0; 16], &[b'x'; MOST]).map(|s| s.len()), Some(RECORD));
        assert_eq!(seal(&to, &own, [0; 16], &[b'x'; MOST + 1]), None);
    }
}
