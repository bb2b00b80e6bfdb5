use chrono::TimeZone;

use super::*;

fn row(chain_no: i64, previous: &[u8]) -> AuditRow {
    let mut row = AuditRow {
        city: "4105".to_owned(),
        stream: "INS-000001".to_owned(),
        chain_no,
        previous_hash: previous.to_vec(),
        row_hash: Vec::new(),
        hash_version: VERSION,
        audit_id: Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        actor: "INS-000001".to_owned(),
        actor_role: "institution".to_owned(),
        action: "ReportPolicy".to_owned(),
        object: "保单".to_owned(),
        body_digest: vec![7; 32],
        request_id: None,
        cut_off: 3,
        traceparent: Some("00-a-b-01".to_owned()),
        recorded_at: Utc.timestamp_opt(1_750_000_000, 123_456_000).unwrap(),
    };
    row.row_hash = hash(&row).unwrap().to_vec();
    row
}

fn chain(length: i64) -> Vec<AuditRow> {
    let mut rows: Vec<AuditRow> = Vec::new();
    for chain_no in 1..=length {
        let previous = rows.last().map_or(GENESIS.to_vec(), |row| row.row_hash.clone());
        rows.push(row(chain_no, &previous));
    }
    rows
}

fn breaks(rows: &[AuditRow], pins: &[Pin]) -> Vec<Break> {
    let mut check = ChainCheck::new(pins.iter().cloned());
    rows.iter().for_each(|row| check.push(row));
    check.finish()
}

fn pin(row: &AuditRow) -> Pin {
    Pin {
        chain_no: row.chain_no,
        hash: exchange::digest::hex(&row.row_hash),
        source: "head".to_owned(),
    }
}

/// Computed by another program from the description in the migration: whoever changes the encoding must make a new version.
#[test]
fn the_encoding_is_fixed() {
    let first = row(1, &GENESIS);
    assert_eq!(
        exchange::digest::hex(&first.row_hash),
        "0542a38df26c0ca948b15c2b52a5d74db595c360ee756a297068beb89ad17078"
    );
}

#[test]
fn every_column_is_under_the_hash() {
    let whole = row(1, &GENESIS);
    let changes: [fn(&mut AuditRow); 14] = [
        |row| row.city.push('0'),
        |row| row.stream.push('0'),
        |row| row.chain_no += 1,
        |row| row.previous_hash[31] ^= 1,
        |row| row.audit_id = Uuid::nil(),
        |row| row.actor.push('0'),
        |row| row.actor_role.push('0'),
        |row| row.action.push('0'),
        |row| row.object.push('0'),
        |row| row.body_digest[0] ^= 1,
        |row| row.request_id = Some(Uuid::nil()),
        |row| row.cut_off += 1,
        |row| row.traceparent = None,
        |row| row.recorded_at += chrono::Duration::microseconds(1),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut changed = whole.clone();
        change(&mut changed);
        assert_ne!(hash(&changed), hash(&whole), "change {place}");
    }
    // A character that moves from one column to the next, and an empty text in place of none, are changes too.
    let mut moved = whole.clone();
    moved.action = "ReportPolicy保".to_owned();
    moved.object = "单".to_owned();
    assert_ne!(hash(&moved), hash(&whole));
    let (mut none, mut empty) = (whole.clone(), whole);
    none.traceparent = None;
    empty.traceparent = Some(String::new());
    assert_ne!(hash(&none), hash(&empty));
}

#[test]
fn a_whole_chain_has_no_breaks_and_every_change_of_it_has() {
    let whole = chain(5);
    let head = pin(&whole[4]);
    let pins = std::slice::from_ref(&head);
    assert_eq!(breaks(&whole, pins), []);
    assert_eq!(breaks(&[], &[]), []);

    let mut changed = whole.clone();
    changed[1].body_digest[0] ^= 1;
    assert_eq!(breaks(&changed, pins), [Break::Changed { chain_no: 2 }]);

    let mut without = whole.clone();
    without.remove(2);
    assert_eq!(breaks(&without, pins), [Break::Missing { from: 3, to: 3 }]);

    assert_eq!(breaks(&whole[..4], pins), [Break::PinMissing(head.clone())]);

    let mut swapped = whole.clone();
    (swapped[1].chain_no, swapped[2].chain_no) = (3, 2);
    swapped.swap(1, 2);
    assert!(breaks(&swapped, pins).contains(&Break::Changed { chain_no: 2 }));
    assert!(breaks(&swapped, pins).contains(&Break::Changed { chain_no: 3 }));

    // Hashed again, a changed row holds by itself and no longer under the next one.
    let mut rehashed = whole.clone();
    rehashed[1].object.push('!');
    rehashed[1].row_hash = hash(&rehashed[1]).unwrap().to_vec();
    assert_eq!(breaks(&rehashed, pins), [Break::Unlinked { chain_no: 3 }]);

    let mut unknown = whole.clone();
    unknown[0].hash_version = 2;
    let version = Break::VersionUnknown {
        chain_no: 1,
        version: 2,
    };
    assert_eq!(breaks(&unknown, pins), [version]);
}

/// A chain that is written anew from a changed row on is a chain; only what was stated elsewhere tells.
#[test]
fn a_chain_written_anew_is_told_by_a_pin_alone() {
    let whole = chain(3);
    let mut anew = whole.clone();
    let mut previous = GENESIS.to_vec();
    for row in &mut anew {
        row.object = "改".to_owned();
        row.previous_hash.clone_from(&previous);
        row.row_hash = hash(row).unwrap().to_vec();
        previous.clone_from(&row.row_hash);
    }
    assert_eq!(breaks(&anew, &[]), []);
    let head = pin(&whole[1]);
    assert_eq!(
        breaks(&anew, std::slice::from_ref(&head)),
        [Break::PinDiffers(head)]
    );
}
