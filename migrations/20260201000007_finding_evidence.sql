-- The records that show a finding, as `<file>/<key parts joined by '/'>`: what a reviewer opens first.
alter table settlement.finding
    add column evidence text[] not null default '{}';
