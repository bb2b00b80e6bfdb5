-- no-transaction
create index concurrently loan_by_later_note on pledge.loan (city, later_note);
