-- no-transaction
create index concurrently policy_by_holder on insurance.policy (policyholder_uscc, institution_code, city);
