//! Amounts in upper-case Chinese 大写, as payment approvals state them (DA/T 95-2022, annex A.5).

use super::Money;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
/// Places within four digits, the highest first.
const PLACES: [&str; 4] = ["仟", "佰", "拾", ""];

fn digit(value: u64) -> char {
    usize::try_from(value)
        .ok()
        .and_then(|index| DIGITS.get(index).copied())
        .unwrap_or('零')
}

/// One to four digits; a run of zeros between two others is one 零, zeros at the ends are left out.
fn group(value: u64) -> String {
    let mut text = String::new();
    let mut is_gap = false;
    for (place, divisor) in PLACES.iter().zip([1000, 100, 10, 1]) {
        let here = value / divisor % 10;
        if here == 0 {
            is_gap = !text.is_empty();
            continue;
        }
        if is_gap {
            text.push('零');
            is_gap = false;
        }
        text.push(digit(here));
        text.push_str(place);
    }
    text
}

/// A hundred million 亿.
const YI: u64 = 100_000_000;
/// Ten thousand 万.
const WAN: u64 = 10_000;

/// Whole yuan, without the word 元; empty for 0. A part without its highest digit is read with 零 before it.
fn whole(yuan: u64) -> String {
    let (high, low) = (yuan / YI, yuan % YI);
    let mut text = String::new();
    if high > 0 {
        text.push_str(&whole(high));
        text.push('亿');
        if (1..YI / 10).contains(&low) {
            text.push('零');
        }
    }
    let (ten_thousands, rest) = (low / WAN, low % WAN);
    if ten_thousands > 0 {
        text.push_str(&group(ten_thousands));
        text.push('万');
        if (1..WAN / 10).contains(&rest) {
            text.push('零');
        }
    }
    text.push_str(&group(rest));
    text
}

/// The amount in upper-case Chinese, e.g. `壹拾贰万叁仟肆佰伍拾陆元柒角玖分`; a negative one begins with `负`.
#[must_use]
pub fn upper_case(amount: Money) -> String {
    let fen = amount.fen().unsigned_abs();
    let (yuan, jiao, cent) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut text = String::new();
    if amount < Money::ZERO {
        text.push('负');
    }
    if yuan > 0 {
        text.push_str(&whole(yuan));
        text.push('元');
    }
    if fen == 0 {
        text.push_str("零元");
    }
    if jiao > 0 {
        text.push(digit(jiao));
        text.push('角');
    } else if cent > 0 && yuan > 0 {
        text.push('零');
    }
    if cent > 0 {
        text.push(digit(cent));
        text.push('分');
    } else {
        text.push('整');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an amount back: the sum of digit times place, unit by unit.
    fn read(text: &str) -> Option<i64> {
        let (sign, text) = text.strip_prefix('负').map_or((1, text), |rest| (-1, rest));
        let (mut total, mut section, mut value, mut fen) = (0_i64, 0_i64, 0_i64, 0_i64);
        for symbol in text.chars() {
            match symbol {
                '仟' | '佰' | '拾' => {
                    section += value
                        * match symbol {
                            '仟' => 1000,
                            '佰' => 100,
                            _ => 10,
                        };
                    value = 0;
                }
                '万' => {
                    total += (section + value) * 10_000;
                    (section, value) = (0, 0);
                }
                '亿' => {
                    total = (total + section + value) * 100_000_000;
                    (section, value) = (0, 0);
                }
                '元' => {
                    total += section + value;
                    (section, value) = (0, 0);
                }
                '角' => {
                    fen += value * 10;
                    value = 0;
                }
                '分' => {
                    fen += value;
                    value = 0;
                }
                '整' => {}
                other => value = i64::try_from(DIGITS.iter().position(|it| *it == other)?).ok()?,
            }
        }
        Some(sign * (total * 100 + fen))
    }

    #[test]
    fn the_examples_are_exact() {
        for (yuan, text) in [
            ("150000.00", "壹拾伍万元整"),
            ("500000.00", "伍拾万元整"),
            ("123456.79", "壹拾贰万叁仟肆佰伍拾陆元柒角玖分"),
            ("30000.01", "叁万元零壹分"),
            ("66666.67", "陆万陆仟陆佰陆拾陆元陆角柒分"),
            ("8666.67", "捌仟陆佰陆拾陆元陆角柒分"),
            ("0.00", "零元整"),
            ("0.05", "伍分"),
            ("0.50", "伍角整"),
            ("10.00", "壹拾元整"),
            ("1001.10", "壹仟零壹元壹角整"),
            ("100000.00", "壹拾万元整"),
            ("100001.00", "壹拾万零壹元整"),
            ("100000000.00", "壹亿元整"),
            ("10000000000.00", "壹佰亿元整"),
            ("100100000.00", "壹亿零壹拾万元整"),
            ("1000000001.00", "壹拾亿零壹元整"),
            ("20004000.00", "贰仟万肆仟元整"),
        ] {
            assert_eq!(upper_case(Money::parse_yuan(yuan).unwrap()), text, "{yuan}");
        }
        assert_eq!(upper_case(Money::from_fen(-5_000_000)), "负伍万元整");
    }

    #[test]
    fn every_amount_reads_back() {
        let seed = 20_260_201_u64;
        println!("seed {seed}");
        let mut state = seed;
        for round in 0..200_000_u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Every length of number, and runs of zeros within.
            let size = 10_u64.pow(u32::try_from(round % 17).unwrap() + 1);
            let mut fen = i64::try_from((state >> 11) % size).unwrap();
            if round % 3 == 0 {
                fen = fen / 1000 * 1000 + fen % 10;
            }
            if round % 7 == 0 {
                fen = fen / 10_000_000 * 10_000_000 + fen % 100;
            }
            let text = upper_case(Money::from_fen(fen));
            assert_eq!(read(&text), Some(fen), "{fen} {text}");
            assert!(!text.contains("零零"), "{text}");
        }
    }
}
