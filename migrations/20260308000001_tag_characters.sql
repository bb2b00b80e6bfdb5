-- Tag characters spell out text that no screen shows: they are as unseen as what the checks on texts refuse already.
create or replace function ledger.is_plain(value text) returns boolean
    language sql immutable strict parallel safe
    return value !~
        '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]'
        and (octet_length(value) = length(value) or value is nfc normalized);

-- A program of before stands on nothing of this; the two files that follow stand alone and cannot say so themselves.
insert into public.schema_release (version, oldest_program)
values (20260308000001, 20260307000002), (20260308000002, 20260307000002), (20260308000003, 20260307000002);
