-- A column that may be empty: no row is rewritten, no program reads it yet.
alter table pledge.loan add column later_note text;
alter table pledge.loan add constraint loan_later_note_length check (char_length(later_note) <= 200) not valid;
insert into public.schema_release (version, oldest_program) values (20270101000001, 20260305000001);
