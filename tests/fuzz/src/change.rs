//! How an input is changed into another.

use fastrand::Rng;

/// Longest input that is made; what is longer is refused by its length everywhere, which other tests show.
const MOST: usize = 64 << 10;
/// Values at which counters turn over.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b'-'];

/// Changes an input in one to eight places; `words` come from the target, `other` from another input.
pub fn changed(rng: &mut Rng, input: &[u8], other: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.usize(1..=8) {
        change(rng, &mut bytes, other, words);
    }
    bytes.truncate(MOST);
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]]) {
    let at = rng.usize(0..=bytes.len());
    let end = at + rng.usize(0..=(bytes.len() - at).min(32));
    match rng.u32(0..11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.u32(0..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = EDGES[rng.usize(0..EDGES.len())];
            }
        }
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.u8(..);
            }
        }
        3 => drop(bytes.drain(at..end)),
        4 => {
            let again = bytes[at..end].repeat(rng.usize(1..=4));
            bytes.splice(at..at, again);
        }
        5 => {
            // A lot of one thing: depth, length, width.
            let piece = bytes[at..end.min(at + 4)].repeat(rng.usize(1..=2_000));
            bytes.splice(at..at, piece);
        }
        6 | 7 if !words.is_empty() => {
            let word = words[rng.usize(0..words.len())];
            bytes.splice(at..end, word.iter().copied());
        }
        8 if !other.is_empty() => {
            let from = rng.usize(0..other.len());
            let to = rng.usize(from..=other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        9 => number(rng, bytes, at),
        _ => bytes.truncate(at),
    }
}

/// Another number where one stands at or after a place.
fn number(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|it| at + it) else {
        return;
    };
    let length = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let other = match rng.u32(0..7) {
        0 => "0".to_owned(),
        1 => i64::MAX.to_string(),
        2 => format!("-{}", rng.u32(..)),
        3 => u64::MAX.to_string(),
        4 => "99999999999.99".to_owned(),
        5 => format!("1e{}", rng.u16(..)),
        _ => rng.u32(..).to_string(),
    };
    bytes.splice(start..start + length, other.into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_changes_the_same_way_and_nothing_grows_without_end() {
        let made = |seed| {
            let mut rng = Rng::with_seed(seed);
            let mut bytes = b"uscc,amount\n91410500MA00000001,12.30\n".to_vec();
            for _ in 0..2_000 {
                bytes = changed(&mut rng, &bytes, b"other", &[b"word"]);
                assert!(bytes.len() <= MOST);
            }
            bytes
        };
        assert_eq!(made(1), made(1));
    }
}
