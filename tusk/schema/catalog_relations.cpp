#include <tusk/schema/catalog_queries.hpp>

namespace tusk::schema::detail {

namespace {

const std::string relation_place = "'pg_class'::regclass::oid as classid, c.oid as objid, 0 as objsubid, ";
const std::string option_list = "array_to_string(c.reloptions, chr(30)) as options, ";
const std::string tablespace =
    "(select spcname from pg_tablespace where oid = c.reltablespace) as tablespace, ";
const std::string access_method =
    "(select amname from pg_am where oid = c.relam and amname <> 'heap') as access_method, ";

std::string relations(const std::string& kinds) {
    return " from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in (" + kinds +
           ") and c.relpersistence <> 't' and " + of_user("pg_class", "c.oid");
}

catalog_query tables() {
    return {
        object_kind::table,
        "select n.nspname as schema, c.relname as name, " + relation_place + option_list + tablespace +
            access_method +
            "case c.relpersistence when 'u' then 'true' end as unlogged, "
            "case when c.reloftype <> 0 then format_type(c.reloftype, null) end as of_type, "
            "case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_by, "
            "case when c.relispartition then (select quote_ident(pn.nspname) || '.' || "
            "quote_ident(pc.relname) "
            "from pg_inherits i join pg_class pc on pc.oid = i.inhparent join pg_namespace pn on pn.oid = "
            "pc.relnamespace where i.inhrelid = c.oid) end as partition_of, "
            "case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as bound, "
            "case when not c.relispartition then (select string_agg(quote_ident(pn.nspname) || '.' || "
            "quote_ident(pc.relname), chr(30) order by i.inhseqno) from pg_inherits i join pg_class pc on "
            "pc.oid = "
            "i.inhparent join pg_namespace pn on pn.oid = pc.relnamespace where i.inhrelid = c.oid) end as "
            "inherits, "
            "case when c.relrowsecurity then 'true' end as row_security, "
            "case when c.relforcerowsecurity then 'true' end as force_row_security, "
            "case c.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then 'index ' || "
            "(select "
            "quote_ident(ic.relname) from pg_index ri join pg_class ic on ic.oid = ri.indexrelid where "
            "ri.indrelid "
            "= c.oid and ri.indisreplident) end as replica_identity, "
            "(select quote_ident(ic.relname) from pg_index ri join pg_class ic on ic.oid = ri.indexrelid "
            "where "
            "ri.indrelid = c.oid and ri.indisclustered) as clustered_on, "
            "(select array_to_string(t.reloptions, chr(30)) from pg_class t where t.oid = c.reltoastrelid) "
            "as "
            "toast_options, " +
            owner_of("c.relowner") + ", " + privileges_of("c.relacl", 'r', "c.relowner") + ", " +
            comment_of("pg_class", "c.oid") + relations("'r', 'p'")};
}

catalog_query columns(int version) {
    const std::string compression =
        version >= 140000
            ? "case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression, "
            : "";
    return {
        object_kind::column,
        "select n.nspname as schema, c.relname as \"table\", a.attname as name, 'pg_class'::regclass::oid as "
        "classid, "
        "c.oid as objid, a.attnum as objsubid, a.attnum as position, format_type(a.atttypid, a.atttypmod) as "
        "type, "
        "case when a.attnotnull then 'true' end as not_null, "
        "case when not a.attislocal then 'true' end as inherited, "
        "case when a.attcollation <> 0 and a.attcollation <> t.typcollation then (select "
        "quote_ident(cn.nspname) || "
        "'.' || quote_ident(o.collname) from pg_collation o join pg_namespace cn on cn.oid = o.collnamespace "
        "where "
        "o.oid = a.attcollation) end as collation, "
        "case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity, "
        "q.options as identity_options, q.name as identity_sequence, "
        "case when a.attgenerated <> '' then (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where "
        "d.adrelid "
        "= a.attrelid and d.adnum = a.attnum) end as generated, "
        "case a.attgenerated when 'v' then 'true' end as virtual, "
        "case when a.attstorage <> t.typstorage then case a.attstorage when 'p' then 'plain' when 'e' then "
        "'external' "
        "when 'm' then 'main' else 'extended' end end as storage, " +
            compression +
            "case when a.attstattarget >= 0 then a.attstattarget end as statistics, "
            // Those that ALTER TABLE … SET takes; servers may keep notes of their own beside them.
            "(select string_agg(o, chr(30) order by o) from unnest(a.attoptions) o where o like "
            "'n_distinct%') as "
            "options, " +
            privileges_of("a.attacl", 'c', "c.relowner") + ", " +
            comment_of("pg_class", "c.oid", "a.attnum") +
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on "
            "a.attrelid = c.oid "
            "and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid left join lateral "
            "(select "
            "'start with ' || s.seqstart || ' increment by ' || s.seqincrement || ' minvalue ' || s.seqmin "
            "|| ' "
            "maxvalue ' || s.seqmax || ' cache ' || s.seqcache || case when s.seqcycle then ' cycle' else ' "
            "no cycle' "
            "end as options, qn.nspname || chr(30) || qc.relname as name from pg_depend qd join pg_sequence "
            "s on "
            "s.seqrelid = qd.objid join pg_class qc on qc.oid = qd.objid join pg_namespace qn on qn.oid = "
            "qc.relnamespace where a.attidentity <> '' and qd.refclassid = 'pg_class'::regclass and "
            "qd.refobjid = "
            "c.oid and qd.refobjsubid = a.attnum and qd.classid = 'pg_class'::regclass and qd.deptype = 'i') "
            "q on "
            "a.attidentity <> '' where c.relkind in ('r', 'p') and c.relpersistence <> 't' and " +
            of_user("pg_class", "c.oid")};
}

catalog_query column_defaults() {
    return {object_kind::column_default, "select n.nspname as schema, c.relname as \"table\", a.attname as "
                                         "name, 'pg_attrdef'::regclass::oid as "
                                         "classid, d.oid as objid, 0 as objsubid, pg_get_expr(d.adbin, "
                                         "d.adrelid) as expression from pg_attrdef d "
                                         "join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid "
                                         "= c.relnamespace join pg_attribute a on "
                                         "a.attrelid = c.oid and a.attnum = d.adnum where a.attgenerated = "
                                         "'' and c.relkind in ('r', 'p', 'v') and "
                                         "c.relpersistence <> 't' and " +
                                             of_user("pg_class", "c.oid")};
}

catalog_query constraints() {
    return {
        object_kind::constraint,
        "select n.nspname as schema, c.relname as \"table\", k.conname as name, "
        "'pg_constraint'::regclass::oid as "
        "classid, k.oid as objid, 0 as objsubid, case k.contype when 'p' then 'primary key' when 'u' then "
        "'unique' "
        "when 'f' then 'foreign key' when 'c' then 'check' else 'exclude' end as type, "
        "regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') as definition, "
        "case when not k.convalidated then 'true' end as not_valid, "
        "case when k.condeferrable then case when k.condeferred then 'deferred' else 'immediate' end end as "
        "deferrable, "
        "case when c.relkind = 'p' then 'true' end as partitioned, "
        "(select string_agg(quote_ident(a.attname), chr(30) order by o.n) from unnest(k.conkey) with "
        "ordinality o(num, "
        "n) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num) as columns, "
        "case when k.contype = 'f' then (select quote_ident(rn.nspname) || '.' || quote_ident(rc.relname) "
        "from "
        "pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace where rc.oid = k.confrelid) end as "
        "\"references\", "
        "array_to_string(ic.reloptions, chr(30)) as index_options, "
        "(select spcname from pg_tablespace where oid = ic.reltablespace) as index_tablespace, "
        "case when k.contype in ('p', 'u', 'x') then (select quote_ident(pn.nspname) || '.' || "
        "quote_ident(pc.relname) "
        "from pg_inherits i join pg_class pc on pc.oid = i.inhparent join pg_namespace pn on pn.oid = "
        "pc.relnamespace where i.inhrelid = k.conindid) end as attached_to, "
        "case when k.contype in ('p', 'u') then pg_get_indexdef(k.conindid) end as index_definition, "
        "(select description from pg_description where classoid = 'pg_class'::regclass and objoid = "
        "ic.oid and objsubid = 0) as index_comment, " +
            comment_of("pg_constraint", "k.oid") +
            " from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = "
            "c.relnamespace "
            "left join pg_class ic on ic.oid = k.conindid and k.contype in ('p', 'u', 'x') where k.contype "
            "in ('p', "
            "'u', 'f', 'c', 'x') and (k.contype <> 'f' or k.conparentid = 0) and (k.contype <> 'c' or "
            "k.conislocal) "
            "and c.relpersistence <> 't' and " +
            of_user("pg_class", "c.oid")};
}

catalog_query indexes() {
    return {
        object_kind::index,
        "select n.nspname as schema, tc.relname as \"table\", c.relname as name, " + relation_place +
            option_list + tablespace +
            "regexp_replace(pg_get_indexdef(c.oid), ' TABLESPACE [^ ]+$', '') as definition, "
            "case when i.indisunique then 'true' end as \"unique\", "
            "case when c.relkind = 'I' then 'true' end as partitioned, "
            "case when not i.indisvalid and c.relkind = 'i' then 'true' end as invalid, "
            "(select string_agg(a.attnum || ' ' || a.attstattarget, chr(30) order by a.attnum) from "
            "pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0) as column_statistics, "
            "(select quote_ident(pn.nspname) || '.' || quote_ident(pc.relname) from pg_inherits h join "
            "pg_class pc "
            "on pc.oid = h.inhparent join pg_namespace pn on pn.oid = pc.relnamespace where h.inhrelid = "
            "c.oid) as "
            "attached_to, " +
            comment_of("pg_class", "c.oid") +
            " from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class tc on tc.oid = "
            "i.indrelid join "
            "pg_namespace n on n.oid = c.relnamespace where not exists (select from pg_constraint k where "
            "k.conindid = c.oid and k.contype in ('p', 'u', 'x')) and tc.relkind in ('r', 'p', 'm') and "
            "tc.relpersistence <> 't' and " +
            of_user("pg_class", "tc.oid")};
}

catalog_query sequences() {
    return {
        object_kind::sequence,
        "select n.nspname as schema, c.relname as name, " + relation_place +
            "format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as increment, "
            "s.seqmin as "
            "minvalue, s.seqmax as maxvalue, s.seqcache as cache, case when s.seqcycle then 'true' end as "
            "cycle, "
            "case c.relpersistence when 'u' then 'true' end as unlogged, "
            "(select quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '.' || "
            "quote_ident(a.attname) "
            "from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = "
            "t.relnamespace join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid where "
            "d.classid "
            "= 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and "
            "d.deptype = "
            "'a') as owned_by, " +
            owner_of("c.relowner") + ", " + privileges_of("c.relacl", 's', "c.relowner") + ", " +
            comment_of("pg_class", "c.oid") +
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid "
            "= "
            "c.oid where c.relpersistence <> 't' and not exists (select from pg_depend d where d.classid = "
            "'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i') and " +
            of_user("pg_class", "c.oid")};
}

catalog_query views(object_kind kind) {
    const bool stored = kind == object_kind::materialized_view;
    return {
        kind,
        "select n.nspname as schema, c.relname as name, " + relation_place + option_list +
            (stored
                 ? tablespace + access_method +
                       "(select string_agg(quote_ident(a.attname) || ' ' || a.attstattarget, chr(30) order "
                       "by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and "
                       "a.attstattarget >= 0) as column_statistics, "
                 : std::string{}) +
            "rtrim(pg_get_viewdef(c.oid), ';') as definition, "
            "(select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || "
            "coalesce(' collate ' || nullif(nullif(a.attcollation, 100), 0)::regcollation::text, ''), "
            "chr(30) order by "
            "a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) "
            "as columns, "
            "(select string_agg(quote_ident(a.attname) || ' ' || d.description, chr(30) order by a.attnum) "
            "from pg_attribute a join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = "
            "c.oid and d.objsubid = a.attnum where a.attrelid = c.oid and a.attnum > 0) as "
            "column_comments, "
            "(select string_agg(quote_ident(a.attname) || ' +' || case x.grantee when 0 then 'PUBLIC' when "
            "c.relowner then 'OWNER' else quote_ident(pg_get_userbyid(x.grantee)) end || ' ' || "
            "x.privilege_type || case when x.is_grantable then '*' else '' end, chr(30) order by a.attnum, "
            "x.o) from pg_attribute a, aclexplode(a.attacl) with ordinality x(grantor, grantee, "
            "privilege_type, is_grantable, o) where a.attrelid = c.oid and a.attnum > 0) as "
            "column_privileges, " +
            owner_of("c.relowner") + ", " + privileges_of("c.relacl", 'r', "c.relowner") + ", " +
            comment_of("pg_class", "c.oid") + relations(stored ? "'m'" : "'v'")};
}

std::string part_of_relation(const std::string& catalog, const std::string& relation) {
    return " from " + catalog + " join pg_class c on c.oid = " + relation +
           " join pg_namespace n on n.oid = c.relnamespace where c.relpersistence <> 't' and " +
           of_user("pg_class", "c.oid");
}

std::string enabled(const std::string& column) {
    return "case " + column +
           " when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' "
           "end as enabled, ";
}

} // namespace

std::vector<catalog_query> relation_queries(int version) {
    return {
        tables(),
        columns(version),
        column_defaults(),
        constraints(),
        indexes(),
        sequences(),
        views(object_kind::view),
        views(object_kind::materialized_view),
        {object_kind::trigger, "select n.nspname as schema, c.relname as \"table\", t.tgname as name, "
                               "'pg_trigger'::regclass::oid as classid, "
                               "t.oid as objid, 0 as objsubid, pg_get_triggerdef(t.oid) as definition, " +
                                   enabled("t.tgenabled") + comment_of("pg_trigger", "t.oid") +
                                   part_of_relation("pg_trigger t", "t.tgrelid") +
                                   (version >= 130000 ? " and t.tgparentid = 0" : "") +
                                   " and not t.tgisinternal"},
        {object_kind::rule,
         "select n.nspname as schema, c.relname as \"table\", r.rulename as name, "
         "'pg_rewrite'::regclass::oid as "
         "classid, r.oid as objid, 0 as objsubid, rtrim(pg_get_ruledef(r.oid), ';') as definition, " +
             enabled("r.ev_enabled") + comment_of("pg_rewrite", "r.oid") +
             part_of_relation("pg_rewrite r", "r.ev_class") + " and r.rulename <> '_RETURN'"},
        {object_kind::policy,
         "select n.nspname as schema, c.relname as \"table\", p.polname as name, 'pg_policy'::regclass::oid "
         "as classid, "
         "p.oid as objid, 0 as objsubid, case when not p.polpermissive then 'true' end as restrictive, "
         "case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then "
         "'delete' "
         "end as command, (select string_agg(case o.r when 0 then 'public' else "
         "quote_ident(pg_get_userbyid(o.r)) end, "
         "', ' order by case o.r when 0 then '' else pg_get_userbyid(o.r) end collate \"C\") from "
         "unnest(p.polroles) "
         "o(r)) as roles, pg_get_expr(p.polqual, p.polrelid) as \"using\", pg_get_expr(p.polwithcheck, "
         "p.polrelid) as "
         "with_check, " +
             comment_of("pg_policy", "p.oid") + part_of_relation("pg_policy p", "p.polrelid")},
        {object_kind::statistics,
         "select n.nspname as schema, s.stxname as name, 'pg_statistic_ext'::regclass::oid as classid, s.oid "
         "as objid, "
         "0 as objsubid, pg_get_statisticsobjdef(s.oid) as definition, case when s.stxstattarget >= 0 then "
         "s.stxstattarget end as statistics, " +
             owner_of("s.stxowner") + ", " + comment_of("pg_statistic_ext", "s.oid") +
             " from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where " +
             of_user("pg_statistic_ext", "s.oid")},
    };
}

} // namespace tusk::schema::detail
