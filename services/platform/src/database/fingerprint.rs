//! What a database's schema is made of, line by line, against what this program's migrations make of an empty one.

use std::collections::BTreeSet;

use super::Database;
use crate::error::Error;

/// The lines of a database that this program's migrations made, written by `cargo xtask fingerprint`; a test holds it against them.
pub const SHIPPED: &str = include_str!("../../../../migrations/fingerprint.txt");

/// Every table with its columns and the force of its row-level security, constraint, index, policy, trigger, function, view and right in our
/// schemas; definitions as digests. Rights of the owner are left out, since its name is the operator's to choose.
const LINES: &str = "
with ours as (
    select n.oid, n.nspname, n.nspowner, n.nspacl from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
), relation as (
    select c.*, o.nspname || '.' || c.relname as name from pg_catalog.pg_class c join ours o on o.oid = c.relnamespace
), routine as (
    select p.*, o.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name
    from pg_catalog.pg_proc p join ours o on o.oid = p.pronamespace
), line(kind, name, definition) as (
    select 'table', name, relkind::text || relrowsecurity::text || relforcerowsecurity::text
    from relation where relkind in ('r', 'p')
    union all
    select 'column', r.name || '.' || a.attname,
        format_type(a.atttypid, a.atttypmod) || a.attnotnull::text || a.attgenerated::text || a.attidentity::text
            || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    from relation r
    join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
    where r.relkind in ('r', 'p')
    union all
    select 'constraint', r.name || '.' || c.conname, pg_get_constraintdef(c.oid) || c.convalidated::text
    from pg_catalog.pg_constraint c join relation r on r.oid = c.conrelid where c.contype <> 'n'
    union all
    select 'index', r.name, pg_get_indexdef(r.oid) || i.indisvalid::text
    from relation r join pg_catalog.pg_index i on i.indexrelid = r.oid
    union all
    select 'policy', r.name || '.' || p.polname, p.polpermissive::text || p.polcmd::text || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
        || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
        || (select coalesce(string_agg(case when role.oid = r.relowner then 'owner' else coalesce(g.rolname, 'public') end, ' '
                order by role.oid = r.relowner, g.rolname), '')
            from unnest(p.polroles) as role(oid) left join pg_catalog.pg_roles g on g.oid = role.oid)
    from pg_catalog.pg_policy p join relation r on r.oid = p.polrelid
    union all
    select 'trigger', r.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text
    from pg_catalog.pg_trigger t join relation r on r.oid = t.tgrelid where not t.tgisinternal
    union all
    select 'function', name, coalesce(pg_get_function_sqlbody(oid), prosrc) || prosecdef::text || provolatile::text || coalesce(proconfig::text, '') from routine
    union all
    select 'view', name, pg_get_viewdef(oid) || coalesce(reloptions::text, '') from relation where relkind in ('v', 'm')
    union all
    select 'right', name, string_agg(coalesce(g.rolname, 'public') || ' ' || held.privilege_type, ', ' order by g.rolname, held.privilege_type)
    from (
        select o.nspname as name, a.* from ours o, aclexplode(o.nspacl) a where a.grantee <> o.nspowner
        union all
        select r.name, a.* from relation r, aclexplode(r.relacl) a where a.grantee <> r.relowner
        union all
        select r.name || '.' || t.attname, a.* from relation r
        join pg_catalog.pg_attribute t on t.attrelid = r.oid, aclexplode(t.attacl) a where a.grantee <> r.relowner
        union all
        select p.name, a.* from routine p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner
    ) as held
    left join pg_catalog.pg_roles g on g.oid = held.grantee
    group by name
)
select kind || ' ' || name || ' ' || left(encode(sha256(convert_to(definition, 'UTF8')), 'hex'), 16) from line";

impl Database {
    /// The lines of this database in their order, one an object: kind, name, digest of its definition.
    ///
    /// # Errors
    /// [`Error::Database`] where it cannot be asked.
    pub async fn fingerprint(&self) -> Result<BTreeSet<String>, Error> {
        let lines: Vec<String> = sqlx::query_scalar(LINES).fetch_all(self.pool()).await?;
        Ok(lines.into_iter().collect())
    }
}

/// What is missing, other or more than shipped, by kind and name, `-`, `~` or `+` before it; beside a later schema only what is missing, since
/// this program cannot know what belongs to it.
pub(super) fn differences(found: &BTreeSet<String>, is_later: bool) -> Vec<String> {
    let named = |line: &str| line.rsplit_once(' ').map_or(line, |(name, _)| name).to_owned();
    let shipped: BTreeSet<String> = SHIPPED.lines().map(str::to_owned).collect();
    let names = |lines: &BTreeSet<String>| lines.iter().map(|line| named(line)).collect::<BTreeSet<_>>();
    let (wanted, there) = (names(&shipped), names(found));
    let mut told: Vec<String> = wanted.difference(&there).map(|name| format!("-{name}")).collect();
    if is_later {
        return told;
    }
    told.extend(there.difference(&wanted).map(|name| format!("+{name}")));
    let others = shipped.difference(found).map(|line| named(line));
    told.extend(
        others
            .filter(|name| there.contains(name))
            .map(|name| format!("~{name}")),
    );
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_other_or_more_is_named() {
        let shipped: BTreeSet<String> = SHIPPED.lines().map(str::to_owned).collect();
        assert!(shipped.len() > 500 && differences(&shipped, false).is_empty());
        let first = shipped.first().unwrap().clone();
        let name = first.rsplit_once(' ').unwrap().0;
        let mut less = shipped.clone();
        less.remove(&first);
        assert_eq!(differences(&less, false), [format!("-{name}")]);
        assert_eq!(differences(&less, true), [format!("-{name}")]);
        less.insert(format!("{name} 0000000000000000"));
        assert_eq!(differences(&less, false), [format!("~{name}")]);
        let mut more = shipped;
        more.insert("trigger ledger.audit.x 0000000000000000".to_owned());
        assert_eq!(differences(&more, false), ["+trigger ledger.audit.x"]);
        assert!(differences(&more, true).is_empty());
    }
}
