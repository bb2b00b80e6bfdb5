-- No text column takes what people cannot see or what reads otherwise than it is stored, whatever a parser lets through: normal form C
-- (Unicode Annex 15), no control, bidirectional, zero-width or annotation characters, and a length.
--
-- Not checked: columns whose values are a closed list or have a form of their own; what the program makes itself (lines, findings and the
-- positions of a batch, which copy checked facts; receipts; trace ids); the text of a policy file, the payload of a webhook and what its
-- receiver answered, which are documents of several lines. `tests/tidy` holds the list.
--
-- One check a table over its texts together: a row costs one search and not one a column. What is ASCII is in form C.
create function ledger.is_plain(value text) returns boolean
    language sql immutable strict parallel safe
    return value !~
        '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]'
        and (octet_length(value) = length(value) or value is nfc normalized);

-- A batch's readings are a table: a line a reading, tabs between its cells.
--
-- Added without looking at the rows that are there, then looked at under a lock that lets others write.
alter table files.column_mapping add constraint column_mapping_texts_plain check (
        ledger.is_plain(concat_ws(' ', holder, name))
        and length(holder) <= 200 and length(name) <= 200
) not valid;
alter table files.column_mapping validate constraint column_mapping_texts_plain;

alter table insurance.policy add constraint policy_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, policy_no, policyholder_uscc, reported_by))
        and length(institution_code) <= 200 and length(policy_no) <= 200 and length(policyholder_uscc) <= 200 and
        length(reported_by) <= 200
) not valid;
alter table insurance.policy validate constraint policy_texts_plain;

alter table insurance.policy_patent add constraint policy_patent_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, policy_no, patent_no, reported_by))
        and length(institution_code) <= 200 and length(policy_no) <= 200 and length(patent_no) <= 200 and length(reported_by) <=
        200
) not valid;
alter table insurance.policy_patent validate constraint policy_patent_texts_plain;

alter table insurance.premium_event add constraint premium_event_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, policy_no, event_no, reverses, reported_by))
        and length(institution_code) <= 200 and length(policy_no) <= 200 and length(event_no) <= 200 and length(reverses) <= 200
        and length(reported_by) <= 200
) not valid;
alter table insurance.premium_event validate constraint premium_event_texts_plain;

alter table ledger.audit add constraint audit_texts_plain check (
        ledger.is_plain(concat_ws(' ', stream, actor, actor_role, action, object))
        and length(stream) <= 200 and length(actor) <= 200 and length(actor_role) <= 200 and length(action) <= 200 and
        length(object) <= 4000
) not valid;
alter table ledger.audit validate constraint audit_texts_plain;

alter table ledger.audit_head add constraint audit_head_texts_plain check (
        ledger.is_plain(concat_ws(' ', stream))
        and length(stream) <= 200
) not valid;
alter table ledger.audit_head validate constraint audit_head_texts_plain;

alter table ledger.request add constraint request_texts_plain check (
        ledger.is_plain(concat_ws(' ', caller, rpc, audit_stream))
        and length(caller) <= 200 and length(rpc) <= 200 and length(audit_stream) <= 200
) not valid;
alter table ledger.request validate constraint request_texts_plain;

alter table notify.attempt add constraint attempt_texts_plain check (
        ledger.is_plain(concat_ws(' ', audience, owner))
        and length(audience) <= 200 and length(owner) <= 200
) not valid;
alter table notify.attempt validate constraint attempt_texts_plain;

alter table notify.delivery add constraint delivery_texts_plain check (
        ledger.is_plain(concat_ws(' ', audience, owner, event_type))
        and length(audience) <= 200 and length(owner) <= 200 and length(event_type) <= 200
) not valid;
alter table notify.delivery validate constraint delivery_texts_plain;

alter table notify.endpoint add constraint endpoint_texts_plain check (
        ledger.is_plain(concat_ws(' ', owner, url, array_to_string(event_types, ' '), description, created_by))
        and length(owner) <= 200 and length(url) <= 2048 and length(array_to_string(event_types, ' ')) <= 2000 and
        length(description) <= 200 and length(created_by) <= 200
) not valid;
alter table notify.endpoint validate constraint endpoint_texts_plain;

alter table notify.secret add constraint secret_texts_plain check (
        ledger.is_plain(concat_ws(' ', audience, owner, key_id))
        and length(audience) <= 200 and length(owner) <= 200 and length(key_id) <= 200
) not valid;
alter table notify.secret validate constraint secret_texts_plain;

alter table pledge.loan add constraint loan_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, contract_no, borrower_uscc, pledge_no, renewal_of, syndicate_no,
            reported_by))
        and length(institution_code) <= 200 and length(contract_no) <= 200 and length(borrower_uscc) <= 200 and length(pledge_no)
        <= 200 and length(renewal_of) <= 200 and length(syndicate_no) <= 200 and length(reported_by) <= 200
) not valid;
alter table pledge.loan validate constraint loan_texts_plain;

alter table pledge.loan_event add constraint loan_event_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, contract_no, event_no, reverses, reported_by))
        and length(institution_code) <= 200 and length(contract_no) <= 200 and length(event_no) <= 200 and length(reverses) <= 200
        and length(reported_by) <= 200
) not valid;
alter table pledge.loan_event validate constraint loan_event_texts_plain;

alter table pledge.pledge add constraint pledge_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, pledgor_uscc, pledgee_uscc, array_to_string(patents, ' '), reported_by))
        and length(institution_code) <= 200 and length(pledgor_uscc) <= 200 and length(pledgee_uscc) <= 200 and
        length(array_to_string(patents, ' ')) <= 40000 and length(reported_by) <= 200
) not valid;
alter table pledge.pledge validate constraint pledge_texts_plain;

alter table registry.award add constraint award_texts_plain check (
        ledger.is_plain(concat_ws(' ', patent_no, award_name, reported_by))
        and length(patent_no) <= 200 and length(award_name) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.award validate constraint award_texts_plain;

alter table registry.credential add constraint credential_texts_plain check (
        ledger.is_plain(concat_ws(' ', holder, created_by, revoked_by))
        and length(holder) <= 200 and length(created_by) <= 200 and length(revoked_by) <= 200
) not valid;
alter table registry.credential validate constraint credential_texts_plain;

alter table registry.decision add constraint decision_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, reference, reason, reported_by))
        and length(institution_code) <= 200 and length(reference) <= 200 and length(reason) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.decision validate constraint decision_texts_plain;

alter table registry.enterprise add constraint enterprise_texts_plain check (
        ledger.is_plain(concat_ws(' ', name, reported_by))
        and length(name) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.enterprise validate constraint enterprise_texts_plain;

alter table registry.exclusion add constraint exclusion_texts_plain check (
        ledger.is_plain(concat_ws(' ', subject, reason, reported_by))
        and length(subject) <= 200 and length(reason) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.exclusion validate constraint exclusion_texts_plain;

alter table registry.institution add constraint institution_texts_plain check (
        ledger.is_plain(concat_ws(' ', institution_code, name, legal_person_name, uscc, reported_by))
        and length(institution_code) <= 200 and length(name) <= 200 and length(legal_person_name) <= 200 and length(uscc) <= 200
        and length(reported_by) <= 200
) not valid;
alter table registry.institution validate constraint institution_texts_plain;

alter table registry.other_award add constraint other_award_texts_plain check (
        ledger.is_plain(concat_ws(' ', beneficiary_uscc, reference, reported_by))
        and length(beneficiary_uscc) <= 200 and length(reference) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.other_award validate constraint other_award_texts_plain;

alter table registry.patent add constraint patent_texts_plain check (
        ledger.is_plain(concat_ws(' ', title, patentee_uscc, reported_by))
        and length(title) <= 200 and length(patentee_uscc) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.patent validate constraint patent_texts_plain;

alter table registry.patent_owner add constraint patent_owner_texts_plain check (
        ledger.is_plain(concat_ws(' ', patent_no, holder, reported_by))
        and length(patent_no) <= 200 and length(holder) <= 200 and length(reported_by) <= 200
) not valid;
alter table registry.patent_owner validate constraint patent_owner_texts_plain;

alter table settlement.approval add constraint approval_texts_plain check (
        ledger.is_plain(concat_ws(' ', person, person_role, batch_digest, reason))
        and length(person) <= 200 and length(person_role) <= 200 and length(batch_digest) <= 200 and length(reason) <= 200
) not valid;
alter table settlement.approval validate constraint approval_texts_plain;

alter table settlement.batch add constraint batch_texts_plain check (
        ledger.is_plain(concat_ws(' ', rule_revision, translate(readings, E'\t\n', '  '), engine_version, opened_by,
            batch_digest, previous_digest, released_by, cancelled_by, cancel_reason, submitted_by, submitted_digest,
            published_by, published_digest, approved_by, approved_digest, returned_by, return_reason))
        and length(rule_revision) <= 200 and length(readings) <= 100000 and length(engine_version) <= 100 and length(opened_by) <=
        200 and length(batch_digest) <= 200 and length(previous_digest) <= 200 and length(released_by) <= 200 and
        length(cancelled_by) <= 200 and length(cancel_reason) <= 200 and length(submitted_by) <= 200 and length(submitted_digest)
        <= 200 and length(published_by) <= 200 and length(published_digest) <= 200 and length(approved_by) <= 200 and
        length(approved_digest) <= 200 and length(returned_by) <= 200 and length(return_reason) <= 200
) not valid;
alter table settlement.batch validate constraint batch_texts_plain;

alter table settlement.budget add constraint budget_texts_plain check (
        ledger.is_plain(concat_ws(' ', programme))
        and length(programme) <= 200
) not valid;
alter table settlement.budget validate constraint budget_texts_plain;

alter table settlement.budget_change add constraint budget_change_texts_plain check (
        ledger.is_plain(concat_ws(' ', programme, array_to_string(measures, ' '), approval, changed_by))
        and length(programme) <= 200 and length(array_to_string(measures, ' ')) <= 200 and length(approval) <= 200 and
        length(changed_by) <= 200
) not valid;
alter table settlement.budget_change validate constraint budget_change_texts_plain;

alter table settlement.budget_measure add constraint budget_measure_texts_plain check (
        ledger.is_plain(concat_ws(' ', programme))
        and length(programme) <= 200
) not valid;
alter table settlement.budget_measure validate constraint budget_measure_texts_plain;

alter table settlement.budget_unit add constraint budget_unit_texts_plain check (
        ledger.is_plain(concat_ws(' ', recorded_by))
        and length(recorded_by) <= 200
) not valid;
alter table settlement.budget_unit validate constraint budget_unit_texts_plain;

alter table settlement.calendar_day add constraint calendar_day_texts_plain check (
        ledger.is_plain(concat_ws(' ', name, source))
        and length(name) <= 200 and length(source) <= 200
) not valid;
alter table settlement.calendar_day validate constraint calendar_day_texts_plain;

alter table settlement."freeze" add constraint freeze_texts_plain check (
        ledger.is_plain(concat_ws(' ', clause, institution_code, reason, frozen_by, lifted_by, lift_reason))
        and length(clause) <= 200 and length(institution_code) <= 200 and length(reason) <= 200 and length(frozen_by) <= 200 and
        length(lifted_by) <= 200 and length(lift_reason) <= 200
) not valid;
alter table settlement."freeze" validate constraint freeze_texts_plain;

alter table settlement.notice add constraint notice_texts_plain check (
        ledger.is_plain(concat_ws(' ', published_by, batch_digest))
        and length(published_by) <= 200 and length(batch_digest) <= 200
) not valid;
alter table settlement.notice validate constraint notice_texts_plain;

alter table settlement.objection add constraint objection_texts_plain check (
        ledger.is_plain(concat_ws(' ', measure, beneficiary, beneficiary_name, item, objector_name, content, opened_by,
            decided_by, decision_reason))
        and length(measure) <= 200 and length(beneficiary) <= 200 and length(beneficiary_name) <= 200 and length(item) <= 200 and
        length(objector_name) <= 200 and length(content) <= 1000 and length(opened_by) <= 200 and length(decided_by) <= 200 and
        length(decision_reason) <= 200
) not valid;
alter table settlement.objection validate constraint objection_texts_plain;

alter table settlement.payee_account add constraint payee_account_texts_plain check (
        ledger.is_plain(concat_ws(' ', holder, key_id, reported_by))
        and length(holder) <= 200 and length(key_id) <= 200 and length(reported_by) <= 200
) not valid;
alter table settlement.payee_account validate constraint payee_account_texts_plain;

alter table settlement.payment add constraint payment_texts_plain check (
        ledger.is_plain(concat_ws(' ', beneficiary, prepared_by))
        and length(beneficiary) <= 200 and length(prepared_by) <= 200
) not valid;
alter table settlement.payment validate constraint payment_texts_plain;

alter table settlement.payment_result add constraint payment_result_texts_plain check (
        ledger.is_plain(concat_ws(' ', voucher_no, bank_serial, reason, recorded_by))
        and length(voucher_no) <= 200 and length(bank_serial) <= 200 and length(reason) <= 200 and length(recorded_by) <= 200
) not valid;
alter table settlement.payment_result validate constraint payment_result_texts_plain;

alter table settlement.recovery add constraint recovery_texts_plain check (
        ledger.is_plain(concat_ws(' ', basis, beneficiary, beneficiary_name))
        and length(basis) <= 200 and length(beneficiary) <= 200 and length(beneficiary_name) <= 200
) not valid;
alter table settlement.recovery validate constraint recovery_texts_plain;

alter table settlement.recovery_instalment add constraint recovery_instalment_texts_plain check (
        ledger.is_plain(concat_ws(' ', reference, recorded_by))
        and length(reference) <= 200 and length(recorded_by) <= 200
) not valid;
alter table settlement.recovery_instalment validate constraint recovery_instalment_texts_plain;

alter table settlement.recovery_order add constraint recovery_order_texts_plain check (
        ledger.is_plain(concat_ws(' ', measure, beneficiary, beneficiary_name, item, basis, reason, ordered_by, approved_by))
        and length(measure) <= 200 and length(beneficiary) <= 200 and length(beneficiary_name) <= 200 and length(item) <= 200 and
        length(basis) <= 200 and length(reason) <= 200 and length(ordered_by) <= 200 and length(approved_by) <= 200
) not valid;
alter table settlement.recovery_order validate constraint recovery_order_texts_plain;

alter table settlement.repayment add constraint repayment_texts_plain check (
        ledger.is_plain(concat_ws(' ', bank_serial, recorded_by))
        and length(bank_serial) <= 200 and length(recorded_by) <= 200
) not valid;
alter table settlement.repayment validate constraint repayment_texts_plain;

alter table settlement.statement_row add constraint statement_row_texts_plain check (
        ledger.is_plain(concat_ws(' ', bank_serial, direction, voucher_no, recorded_by))
        and length(bank_serial) <= 200 and length(direction) <= 200 and length(voucher_no) <= 200 and length(recorded_by) <= 200
) not valid;
alter table settlement.statement_row validate constraint statement_row_texts_plain;

alter table settlement.voucher add constraint voucher_texts_plain check (
        ledger.is_plain(concat_ws(' ', voucher_no, key_id))
        and length(voucher_no) <= 200 and length(key_id) <= 200
) not valid;
alter table settlement.voucher validate constraint voucher_texts_plain;
