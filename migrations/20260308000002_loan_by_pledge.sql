-- no-transaction
create index concurrently loan_by_pledge on pledge.loan (pledge_no, institution_code, city);
