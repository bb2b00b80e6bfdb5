-- Reads every row and holds nobody up.
alter table pledge.loan validate constraint loan_later_note_length;
-- The next one stands alone and cannot say so itself.
insert into public.schema_release (version, oldest_program)
values (20270101000002, 20260305000001), (20270101000003, 20260305000001);
