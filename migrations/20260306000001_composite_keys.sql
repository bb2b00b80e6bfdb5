-- What belongs to a webhook endpoint belongs to its owner (design D11): a key of city and id alone would take a secret, message or
-- attempt under another institution's endpoint, since foreign keys are checked past row-level security.
-- A key is checked over the rows of every city, for which the owner of the tables has to see them; forced again below.
alter table notify.endpoint no force row level security;
alter table notify.secret no force row level security;
alter table notify.delivery no force row level security;
alter table notify.attempt no force row level security;

alter table notify.endpoint
    add constraint endpoint_of_owner_unique unique (city, audience, owner, endpoint_id);
alter table notify.delivery
    add constraint delivery_of_owner_unique unique (city, audience, owner, delivery_id);

alter table notify.secret
    add constraint secret_of_owners_endpoint foreign key (city, audience, owner, endpoint_id)
        references notify.endpoint (city, audience, owner, endpoint_id) not valid;
alter table notify.delivery
    add constraint delivery_of_owners_endpoint foreign key (city, audience, owner, endpoint_id)
        references notify.endpoint (city, audience, owner, endpoint_id) not valid;
alter table notify.attempt
    add constraint attempt_of_owners_delivery foreign key (city, audience, owner, delivery_id)
        references notify.delivery (city, audience, owner, delivery_id) not valid;
alter table notify.secret validate constraint secret_of_owners_endpoint;
alter table notify.delivery validate constraint delivery_of_owners_endpoint;
alter table notify.attempt validate constraint attempt_of_owners_delivery;

alter table notify.endpoint force row level security;
alter table notify.secret force row level security;
alter table notify.delivery force row level security;
alter table notify.attempt force row level security;

-- The narrower keys say less.
alter table notify.secret drop constraint secret_of_endpoint;
alter table notify.delivery drop constraint delivery_of_endpoint;
alter table notify.attempt drop constraint attempt_of_delivery;

-- A transaction that has no city is an error, here too, and does not see the days that ship alone.
alter policy calendar_day_tenant on settlement.calendar_day
    using (city in ('', current_setting('zhirong.city')));
